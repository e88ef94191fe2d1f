"""Dumps of the services' schemas by PostgreSQL's own programs, and bringing them back.

    programs    pg_dump and pg_restore: where they are, whether they fit the server, running them
    snapshot    one moment of the database that all dumps of a backup share, and the rows that it has
    manifest    what a backup says of itself
    dumping     making a backup: all or nothing
    checking    whether a backup is what its manifest says
    files       what is whole or not there
    restoring   into a database that has none of it
    scratch     a database for the length of a try
    errors      what this says no with

A backup is a folder: a file for each schema in PostgreSQL's custom format, and `manifest.json`. It gets its name when it is
whole, so a folder with a name that does not begin with a dot is one. Any `pg_restore` of the same version reads the files.
"""
