"""How sure a mask is: readings that differ, intervals of its area, a score that finds failures."""
