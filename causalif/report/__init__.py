"""Results for readers: plots, tables and the report; a leaf that knows frames only."""
