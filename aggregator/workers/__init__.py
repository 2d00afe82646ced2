"""Many machines: workers that share the sources, one that groups, one that publishes.

`process` runs one of them. `engine` has the queues, in PostgreSQL by procrastinate. `claims` queues the
sources that are due and takes back those of workers that died; `fetch_jobs` fetches them; `role_keeper`
lets one worker at a time do what `role_jobs` has. `edition_store` keeps what is published in the database.
"""
