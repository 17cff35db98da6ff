# Reference numbers of the Hodges-Lehmann shift, of exact p with ties and of equivalence: run `Rscript make_shift.R` in
# this folder (made with R 4.2.2 and coin 1.4.2). Reads data_pairs_*.csv, writes shift_reference.csv.
suppressMessages(library(coin))
out <- data.frame(case = character(), name = character(), value = numeric())
add <- function(case, name, value) out[nrow(out) + 1, ] <<- list(case, name, as.numeric(value))
for (case in c("pairs_49", "pairs_8", "pairs_10_ties")) {
  d <- read.csv(paste0("data_", case, ".csv")); x <- d$a - d$b
  if (!grepl("ties", case)) {
    w <- wilcox.test(x, conf.int = TRUE, exact = TRUE)
    add(case, "estimate", w$estimate); add(case, "low", w$conf.int[1]); add(case, "high", w$conf.int[2])
    for (margin in c(0.2, 0.5, 1)) {
      above <- wilcox.test(x, mu = -margin, alternative = "greater", exact = TRUE)$p.value
      below <- wilcox.test(x, mu = margin, alternative = "less", exact = TRUE)$p.value
      add(case, paste0("equivalence_", margin), max(above, below))
    }
  }
  x <- round(x, 9)
  test <- wilcoxsign_test(x ~ rep(0, length(x)), distribution = "exact", zero.method = "Wilcoxon")
  add(case, "coin_p", pvalue(test))
}
write.csv(transform(out, value = sprintf("%.15g", value)), "shift_reference.csv", row.names = FALSE, quote = FALSE)
