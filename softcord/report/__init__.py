"""Tables, figures and the report page, drawn from tidy tables; no statistics are computed here."""
