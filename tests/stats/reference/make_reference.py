"""Reference numbers of pingouin: run in this folder, after make_reference.R, where pingouin is installed.

Made with pingouin 0.7.0. pingouin is no dependency of softcord.
"""

import pandas as pd
import pingouin


def anova(case: str) -> dict[str, float]:
    wide = pd.read_csv(f"data_{case}.csv")
    long = wide.assign(id=range(len(wide))).melt("id", var_name="contrast")
    out = {}
    for name, effsize in (("eta_generalised", "ng2"), ("eta_partial", "np2")):
        row = pingouin.rm_anova(
            long, dv="value", within="contrast", subject="id", correction=True, effsize=effsize
        ).iloc[0]
        out[name] = row[effsize]
    row = row.rename(lambda name: name.replace("-", "_"))
    out |= {"F": row["F"], "p": row["p_unc"], "epsilon": row["eps"]}
    if wide.shape[1] > 2:
        out |= {"p_gg": row["p_GG_corr"], "W": row["W_spher"]}
    return out


def wilcoxon(case: str) -> dict[str, float]:
    pair = pd.read_csv(f"data_{case}.csv")
    row = pingouin.wilcoxon(pair["a"], pair["b"], alternative="two-sided").iloc[0]
    return {"rank_biserial": row["RBC"]}


if __name__ == "__main__":
    pingouin.options["round"] = None
    cases = {name: anova(name) for name in ("six_contrasts", "three_contrasts", "two_contrasts", "with_ties")}
    cases |= {
        name: wilcoxon(name)
        for name in ("pairs_49", "pairs_8", "pairs_5", "pairs_294", "pairs_30_ties_zeros", "pairs_10_ties")
    }
    rows = [(case, name, value) for case, numbers in cases.items() for name, value in numbers.items()]
    pd.DataFrame(rows, columns=["case", "name", "value"]).to_csv(
        "pingouin_reference.csv", index=False, float_format="%.17g"
    )
