from softcord.stats.replicates import told_apart


def test_runs_that_differ_in_the_seed_alone_keep_their_name() -> None:
    names, notes = told_apart({"s1": "net", "s2": "net"}, {"s1": {"rate": 0.1}, "s2": {"rate": 0.1}})
    assert names == {"s1": "net", "s2": "net"}
    assert notes == []


def test_seeds_with_another_learning_rate_are_another_method_and_that_is_said() -> None:
    methods = {"s1": "net", "s2": "net", "s3": "net", "other": "gt"}
    rates = {"s1": 0.004, "s2": 0.012, "s3": 0.004}
    settings = {run: {"train.learning_rate": rate, "model": "small"} for run, rate in rates.items()}
    names, (note,) = told_apart(methods, settings)
    assert names["s1"] == names["s3"] == "net_learning_rate0.004"
    assert names["s2"] == "net_learning_rate0.012"
    assert names["other"] == "gt"
    assert "Runs of net differ in more than the seed (train.learning_rate)" in note
    assert "2 methods" in note


def test_many_differences_are_numbered_instead_of_written_out() -> None:
    settings = {run: dict.fromkeys("abc", run) for run in ("s1", "s2")}
    names, _ = told_apart({"s1": "net", "s2": "net"}, settings)
    assert names == {"s1": "net_settings1", "s2": "net_settings2"}


def test_a_run_that_says_nothing_of_its_settings_keeps_its_name() -> None:
    names, _ = told_apart({"s1": "net", "s2": "net", "file": "net"}, {"s1": {"a": 1}, "s2": {"a": 2}})
    assert names["file"] == "net"
