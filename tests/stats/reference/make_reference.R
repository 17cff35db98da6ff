# Reference numbers for tests/stats: run `Rscript make_reference.R` in this folder (base R only, made with 4.2.2).
# It makes the data sets with a fixed seed, writes them to data_*.csv and R's answers to r_reference.csv.
set.seed(20250310)
out <- data.frame(case = character(), name = character(), value = numeric())
add <- function(case, name, value) out[nrow(out) + 1, ] <<- list(case, name, as.numeric(value))
contrasts6 <- c("T1w", "T2w", "T2star", "MTon", "GREt1w", "dwi")

anova_case <- function(case, x) {
  write.csv(x, paste0("data_", case, ".csv"), row.names = FALSE)
  k <- ncol(x); n <- nrow(x)
  long <- data.frame(value = as.vector(as.matrix(x)), id = factor(rep(1:n, k)), cond = factor(rep(1:k, each = n)))
  s <- summary(aov(value ~ cond + Error(id/cond), data = long))[["Error: id:cond"]][[1]]
  add(case, "F", s["cond", "F value"]); add(case, "p", s["cond", "Pr(>F)"])
  fit <- lm(as.matrix(x) ~ 1)
  if (k > 2) {
    m <- mauchly.test(fit, X = ~1)
    add(case, "W", m$statistic); add(case, "p_sphericity", m$p.value)
    g <- anova(fit, X = ~1, test = "Spherical")
    add(case, "p_gg", g[1, "G-G Pr"]); add(case, "p_hf", g[1, "H-F Pr"])
  }
  f <- friedman.test(as.matrix(x))
  add(case, "friedman", f$statistic); add(case, "friedman_p", f$p.value)
}

n <- 49
true <- rnorm(n, 75, 7)
shift <- c(0, 2, -1, -2, 1, -3)
x <- as.data.frame(sapply(1:6, function(j) true + 0.3 * shift[j] + rnorm(n, 0, 0.4 + 0.3 * j)))
names(x) <- contrasts6
anova_case("six_contrasts", x)
n <- 12
true <- rnorm(n, 75, 7)
x <- as.data.frame(sapply(1:3, function(j) true + 0.2 * j + rnorm(n, 0, 0.5))); names(x) <- contrasts6[1:3]
anova_case("three_contrasts", x)
x <- as.data.frame(sapply(1:2, function(j) true + 0.5 * j + rnorm(n, 0, 0.8))); names(x) <- contrasts6[1:2]
anova_case("two_contrasts", x)
x <- as.data.frame(round(sapply(1:4, function(j) true / 3 + 0.8 * j + rnorm(n, 0, 1)))); names(x) <- contrasts6[1:4]
anova_case("with_ties", x)

wilcoxon_case <- function(case, a, b) {
  write.csv(data.frame(a = a, b = b), paste0("data_", case, ".csv"), row.names = FALSE)
  w <- suppressWarnings(wilcox.test(a, b, paired = TRUE))
  add(case, "V", w$statistic); add(case, "p", w$p.value)
  w <- suppressWarnings(wilcox.test(a, b, paired = TRUE, exact = FALSE))
  add(case, "p_normal", w$p.value)
}
a <- rnorm(49, 1.6, 0.4); wilcoxon_case("pairs_49", a, a + rnorm(49, 0.15, 0.4))
a <- rnorm(8, 1.6, 0.4); wilcoxon_case("pairs_8", a, a + rnorm(8, 0.2, 0.4))
a <- rnorm(5, 1.6, 0.4); wilcoxon_case("pairs_5", a, a + abs(rnorm(5, 0.5, 0.1)))
a <- rnorm(294, 1.6, 1.4); wilcoxon_case("pairs_294", a, a + rnorm(294, 0.1, 0.7))
a <- round(rnorm(30, 20, 4)); wilcoxon_case("pairs_30_ties_zeros", a, a + round(rnorm(30, 1, 2)))
a <- round(rnorm(10, 20, 4)); wilcoxon_case("pairs_10_ties", a, a + sample(c(-2, -1, 1, 2, 3), 10, replace = TRUE))

p <- c(0.001, 0.04, 0.012, 0.2, 0.03)
for (m in c("bonferroni", "holm")) for (i in seq_along(p)) add(paste0("adjust_", m), as.character(i), p.adjust(p, m)[i])
options(digits = 17)
out$value <- trimws(formatC(out$value, digits = 17, format = "g"))
write.csv(out, "r_reference.csv", row.names = FALSE, quote = FALSE)
