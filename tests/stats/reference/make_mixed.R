# Reference numbers of the seeds' model: run `Rscript make_mixed.R` in this folder (made with R 4.2.2, lme4 1.1.31,
# lmerTest 3.1.3). Writes the data sets to mixed_*.csv and lmerTest's answers to mixed_reference.csv.
suppressMessages(library(lmerTest))
set.seed(16)
out <- data.frame(case = character(), name = character(), value = numeric())
add <- function(case, name, value) out[nrow(out) + 1, ] <<- list(case, name, as.numeric(value))

mixed_case <- function(case, n, seeds_a, seeds_b, sd_person, sd_reaction, sd_seed, sd_error, shift) {
  d <- expand.grid(participant = 1:n, run = 1:(seeds_a + seeds_b))
  d$method <- ifelse(d$run <= seeds_a, "a", "b")
  cell <- d$participant * 2 + (d$method == "b")
  d$value <- 5 + shift * (d$method == "a") + rnorm(n, 0, sd_person)[d$participant] +
    rnorm(2 * n + 1, 0, sd_reaction)[cell - 1] + rnorm(seeds_a + seeds_b, 0, sd_seed)[d$run] +
    rnorm(nrow(d), 0, sd_error)
  d$value <- round(d$value, 6)
  write.csv(d, paste0("mixed_", case, ".csv"), row.names = FALSE)
  d[c("participant", "run")] <- lapply(d[c("participant", "run")], factor)
  d$method <- factor(d$method, levels = c("b", "a"))
  exact <- lmerControl(optimizer = "nloptwrap", optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-14, xtol_rel = 1e-12,
    ftol_rel = 1e-16, maxeval = 100000), check.conv.singular = "ignore")
  m <- lmer(value ~ method + (1 | participant) + (1 | participant:method) + (1 | run), d, control = exact)
  s <- coef(summary(m))["methoda", ]
  add(case, "effect", s["Estimate"]); add(case, "error", s["Std. Error"])
  add(case, "df", s["df"]); add(case, "p", s["Pr(>|t|)"])
  v <- as.data.frame(VarCorr(m))
  for (g in c("participant", "participant:method", "run", "Residual")) add(case, g, v$sdcor[v$grp == g])
}

mixed_case("three_seeds", 12, 3, 3, 0.8, 0.5, 0.2, 0.3, 0.3)
mixed_case("two_seeds", 8, 2, 2, 1.0, 0.3, 0.4, 0.2, 0.2)
mixed_case("no_reaction", 15, 3, 3, 0.8, 0, 0.3, 0.4, 0.5)
mixed_case("no_seed_effect", 20, 4, 4, 0.5, 0.6, 0, 0.5, 0.4)
mixed_case("nothing_but_error", 10, 3, 3, 0, 0, 0, 1, 0.2)
mixed_case("three_and_five_seeds", 12, 3, 5, 0.8, 0.5, 0.2, 0.3, 0.3)
mixed_case("two_and_four_seeds", 20, 2, 4, 1.0, 0.4, 0.3, 0.5, 0.1)
mixed_case("five_and_two_seeds_no_reaction", 10, 5, 2, 0.7, 0, 0.4, 0.3, 0.6)
write.csv(transform(out, value = sprintf("%.15g", value)), "mixed_reference.csv", row.names = FALSE, quote = FALSE)
