"""The tables; times are microseconds since 1970, keys 32 hexadecimal digits."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

Time = BigInteger
# Byte order on every database, so that (published, key) sorts as in Python.
Key = String().with_variant(String(collation="C"), "postgresql")

meta = Table(
    "meta",
    metadata,
    Column("name", Key, primary_key=True),
    Column("value", Text, nullable=False),
)

source = Table(
    "source",
    metadata,
    Column("identity", Key, primary_key=True),
    Column("state", Text, nullable=False),
)

entry = Table(
    "entry",
    metadata,
    Column("key", Key, primary_key=True),
    Column("id", Key, nullable=False),  # urn:uuid:…, made from the key
    Column("source", Key, nullable=False),  # identity
    Column("publisher", Key, nullable=False),
    Column("first_seen", Time, nullable=False),
    Column("published", Time, nullable=False),  # effective
    Column("revised", Time, nullable=False),
    Column("claim", Time),  # the claimed date
    Column("stamp", Time),  # the date that the stored copy claims
    Column("gathered", Time),
    Column("shown", Boolean, nullable=False),
    Column("grouped", Boolean, nullable=False),
    Column("blank", Boolean, nullable=False),  # the text is missing
    Column("title", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("material", Text, nullable=False),  # Entry.digest
    Column("variants", Text, nullable=False),  # JSON; empty while there was only one text
    Column("content", LargeBinary, nullable=False),  # the packed Entry
)
Index("entry_id", entry.c.id, unique=True)
Index("entry_first_seen", entry.c.first_seen)
Index("entry_source", entry.c.source)
Index(
    "entry_ungrouped",
    entry.c.published,
    entry.c.key,
    sqlite_where=~entry.c.grouped,  # in PostgreSQL too; naming it here would load that dialect
)

article = Table(  # the whole text of an entry, from its page
    "article",
    metadata,
    Column("key", Key, primary_key=True),  # the entry's
    Column("source", Key, nullable=False),  # identity
    Column("digest", Key, nullable=False),  # of the entry whose page is wanted: its `material`
    Column("due", Time),  # when the page is fetched; null: it is done
    Column("hold", Time),  # until when grouping waits for it
    Column("tries", Integer, nullable=False),  # that failed
    Column("validators", Text, nullable=False),  # JSON
    Column("problem", Text, nullable=False),  # why there is no text
    Column("content", LargeBinary, nullable=False),  # the packed Article; empty: none
)
Index(
    "article_due",
    article.c.source,
    article.c.due,
    sqlite_where=article.c.due.is_not(None),  # in PostgreSQL too, as above
)

alias = Table(
    "alias",
    metadata,
    Column("name", Key, primary_key=True),  # digest of source, kind and value
    Column("key", Key, nullable=False),  # empty: the name is ambiguous
    Column("kind", Key, nullable=False),
    Column("seen", Time, nullable=False),
    sqlite_with_rowid=False,
)
Index("alias_key", alias.c.key)

publisher = Table(
    "publisher",
    metadata,
    Column("id", Key, primary_key=True),
    Column("entries", Integer, nullable=False),  # recent ones; halved with the block counts
)

block = Table(
    "block",
    metadata,
    Column("publisher", Key, primary_key=True),
    Column("hash", BigInteger, primary_key=True),
    Column("entries", Integer, nullable=False),
    Column("first", Time, nullable=False),  # published, of the entries that contain it
    Column("last", Time, nullable=False),
    Column("example", Key, nullable=False),  # key of one entry that contains it
    Column("vetoed", Boolean, nullable=False),  # the user decided that it is not boilerplate
    sqlite_with_rowid=False,
)

story = Table(
    "story",
    metadata,
    Column("id", Key, primary_key=True),
    Column("founder", Key, nullable=False),
    Column("representative", Key, nullable=False),
    Column("first_published", Time, nullable=False),
    Column("updated", Time, nullable=False),
    Column(
        "published", Time, nullable=False
    ),  # the founder's; fixed, so that the order of stories does not change
    Column("shown", Boolean, nullable=False),  # at least one member is
)
Index(
    "story_newest",
    story.c.shown,
    story.c.first_published,
    story.c.published,
    story.c.id,
)

member = Table(
    "member",
    metadata,
    Column("key", Key, primary_key=True),
    Column("story", Key, nullable=False),
    Column("published", Time, nullable=False),  # the entry's
    Column("reason", Text, nullable=False),  # JSON
)
Index("member_story", member.c.story)
Index("member_published", member.c.published)

feature = Table(
    "feature",
    metadata,
    Column("key", Key, primary_key=True),
    Column("packed", LargeBinary, nullable=False),
)

feature_change = Table(  # the latest changes of features, and of members' dates, in order
    "feature_change",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("key", Key, nullable=False),
    Column("token", BigInteger, nullable=True),  # random, as numbers repeat after a restore
    Column("before", LargeBinary, nullable=True),  # the features until then, if there were any
    sqlite_autoincrement=True,
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("id", Key, primary_key=True),
    Column("story", Key, nullable=False),  # the story it was merged into
    Column("died", Time, nullable=False),
)
Index("tombstone_died", tombstone.c.died)

decision = Table(
    "decision",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("kind", Key, nullable=False),
    Column("a", Key, nullable=False),
    Column("b", Key, nullable=False),
    Column("decided", Time, nullable=False),
)

record = Table(  # replayed from the journal: entries whose rows were lost
    "record",
    metadata,
    Column("key", Key, primary_key=True),
    Column("story", Key, nullable=False),
    Column("first_published", Time, nullable=False),
)

search_entry = Table(  # an entry in the index of the search, see search_index.py
    "search_entry",
    metadata,
    Column(
        "number",
        BigInteger().with_variant(Integer(), "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),  # made from the date, so that it orders
    Column("key", Key, nullable=False),
    Column("terms", LargeBinary, nullable=False),  # compressed, as they were indexed
)
Index("search_entry_key", search_entry.c.key, unique=True)

search_due = Table(  # entries that are new or have changed since they were indexed
    "search_due",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("key", Key, nullable=False),
    sqlite_autoincrement=True,
)

news_digest = Table(  # a digest that a feed has published, and will not change
    "news_digest",
    metadata,
    Column("feed", Key, primary_key=True),
    Column("period", Key, primary_key=True),
    Column("ends", Time, nullable=False),
    Column("value", LargeBinary, nullable=False),  # the packed NewsDigest
)

lease = Table(  # a subscription to a hub
    "lease",
    metadata,
    Column("path", Key, primary_key=True),  # of its callback
    Column("value", Text, nullable=False),  # JSON
)

known_document = Table(  # the last document of a source, all of whose entries are stored
    "known_document",
    metadata,
    Column("source", Key, primary_key=True),  # identity
    Column("value", LargeBinary, nullable=False),  # the packed KnownDocument
)

due_source = Table(  # what workers take turns with; empty without workers
    "due_source",
    metadata,
    Column("identity", Key, primary_key=True),  # of the source
    Column("host", Key, nullable=False),
    Column("due", Time),  # null: never, it is paused or gone
    Column("held", Time),  # until when its server asked to wait
    Column("claimed", Time),  # until when a worker has it, by the clock of the database
    Column("losses", Integer, nullable=False),  # of workers that died with it
    Column("aside", Time),  # since when it is tried once a day only, because workers died of it
)
Index("due_source_due", due_source.c.due)
Index("due_source_host", due_source.c.host)

role = Table(  # of workers, for work that one of them does at a time
    "role",
    metadata,
    Column("name", Key, primary_key=True),
    Column("holder", Key, nullable=False),
    Column("until", Time, nullable=False),  # by the clock of the database
)

edition_content = Table(
    "edition_content",
    metadata,
    Column("digest", Key, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

edition_file = Table(  # the files that workers published, for other machines
    "edition_file",
    metadata,
    Column("path", Key, primary_key=True),  # in the folder of the published feeds
    Column("digest", Key, nullable=False),
    Column("modified", BigInteger, nullable=False),  # seconds since 1970
)
