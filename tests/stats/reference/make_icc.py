"""Intraclass correlations by pingouin 0.7.0, where it is installed: run here, after make_repeats.R."""

import pandas as pd
import pingouin

if __name__ == "__main__":
    pingouin.options["round"] = None
    wide = pd.read_csv("data_repeats.csv")
    long = wide.assign(id=range(len(wide))).melt("id", var_name="repeat")
    icc = pingouin.intraclass_corr(long, targets="id", raters="repeat", ratings="value").set_index("Type")
    print(icc.to_string())
    icc.to_csv("icc_pingouin_reference.csv", float_format="%.17g")
