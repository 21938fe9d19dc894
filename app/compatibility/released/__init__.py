"""What was released, as files hold it: `schema_files` (the schemas and tables), `release_dates` (the days), `baseline` (all of it)."""
