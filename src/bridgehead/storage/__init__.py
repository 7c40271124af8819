"""PostgreSQL: tables, SQL, migrations and the embedded server; the only room with SQL in it."""
