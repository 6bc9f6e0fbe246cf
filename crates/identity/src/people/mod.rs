//! People: their contacts, the codes that prove them, profile and address book.
