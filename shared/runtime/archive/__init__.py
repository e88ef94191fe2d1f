"""What is too old for the database, kept as Parquet files that any tool reads.

    columns     which type a column of PostgreSQL has in a file
    parquet     rows into a file and out of it, a part at a time
    files       a file onto the disk for good
    keeping     a whole table or partition into a file, verified before it may be dropped
    rules       which rows of a table go, and when
    rows        old rows of a table into files, a page at a time
    archiving   the effect of every service's `archive_old_rows`
    verifying   whether files still are what their manifests say: `python -m shared.runtime.archive <service>`

Where ARCHIVE_DIR is not set, nothing is archived. docs/decisions/0015-what-is-archived.md says what may be.
"""
