"""The fault suite: kills, stops, wipes, cuts and duplicates under load, and counts what was lost and doubled.

Each scenario has a database and a broker of its own on real servers, real workers and relays, and a load of mixed
messages. What was sent is read from a table that a trigger on the producer's outbox fills, what became of it from
the consumer's tables and the probe's file: never from what a program believes to have done.
"""
