# Reference numbers for repeated scans and change: run `Rscript make_repeats.R` in this folder
# (R 4.2.2, lme4 1.1.31, lmerTest 3.1.3). It writes data_repeats.csv, data_visits.csv and repeats_r_reference.csv.
suppressMessages(library(lmerTest))
set.seed(20261127)
out <- data.frame(case = character(), name = character(), value = numeric())
add <- function(case, name, value) out[nrow(out) + 1, ] <<- list(case, name, as.numeric(value))

n <- 14
person <- rnorm(n, 70, 7)
x <- data.frame(first = person + rnorm(n, 0, 1.2), second = person + 0.8 + rnorm(n, 0, 1.2),
                third = person - 0.3 + rnorm(n, 0, 1.2))
write.csv(x, "data_repeats.csv", row.names = FALSE)
long <- data.frame(value = unlist(x), id = factor(rep(1:n, 3)))
within <- anova(lm(value ~ id, long))["Residuals", "Mean Sq"]
add("repeats", "sd_within", sqrt(within))
add("repeats", "sd_low", sqrt(within * 2 * n / qchisq(0.975, 2 * n)))
add("repeats", "sd_high", sqrt(within * 2 * n / qchisq(0.025, 2 * n)))
log_within <- anova(lm(log(value) ~ id, long))["Residuals", "Mean Sq"]
add("repeats", "cv_pct", 100 * sqrt(exp(log_within) - 1))
d <- x$second - x$first
for (p in c(0.025, 0.975)) {
  factor <- qt(p, n - 1, ncp = 1.96 * sqrt(n)) / sqrt(n)
  add("limits", paste0("upper_", p), mean(d) + factor * sd(d))
  add("limits", paste0("lower_", p), mean(d) - factor * sd(d))
}
add("limits", "bias_low", t.test(d)$conf.int[1]); add("limits", "bias_high", t.test(d)$conf.int[2])

visits <- data.frame(id = rep(1:n, each = 4), years = rep(0:3, n))
rates <- rnorm(n, -0.4, 0.6)
visits$value <- person[visits$id] + rates[visits$id] * visits$years + rnorm(4 * n, 0, 0.5)
write.csv(visits, "data_visits.csv", row.names = FALSE)
visits$centred <- visits$years - 1.5
control <- lmerControl(optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12, xtol_rel = 1e-12, ftol_rel = 1e-14))
fit <- lmer(value ~ centred + (1 | id) + (0 + centred | id), visits, control = control)
s <- summary(fit)$coefficients["centred", ]
for (name in c("Estimate", "Std. Error", "df", "t value", "Pr(>|t|)")) add("visits", name, s[name])
v <- as.data.frame(VarCorr(fit))
add("visits", "sd_rates", v$sdcor[2]); add("visits", "sd_within", v$sdcor[3])

# Everybody with as many sessions: differences between people are least squares on their means.
sex <- rep(c(0, 1), n / 2); age <- seq(25, 77, length.out = n)
means <- tapply(visits$value, visits$id, mean) + 3 * sex - 0.1 * age
write.csv(data.frame(mean = means, sex = sex, age = age), "data_levels.csv", row.names = FALSE)
l <- summary(lm(means ~ sex + age))$coefficients
for (name in c("sex", "age")) { add("levels", name, l[name, 1]); add("levels", paste0(name, "_p"), l[name, 4]) }
# A trial of two arms: people per arm, not rounded.
add("trial", "people", power.t.test(delta = 0.3 * 0.4, sd = 0.7, power = 0.8)$n)
options(digits = 17)
out$value <- trimws(formatC(out$value, digits = 17, format = "g"))
write.csv(out, "repeats_r_reference.csv", row.names = FALSE, quote = FALSE)
