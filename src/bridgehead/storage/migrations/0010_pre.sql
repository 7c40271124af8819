-- Whose doing an effect was, where its case has gone on under another release since.

alter table effects add column release bytea references releases;  -- null: of the release that its case has
