//! The menu as everybody reads it: compiled once for each revision, language, service, channel and encoding, and sent
//! as bytes that are there already.
//!
//! What a restaurant sells now is a small record, its front, dropped by the events of menus. What is compiled belongs to
//! a revision, which never changes, so it is never dropped for being wrong. What has run out is an answer of its own.

mod choice;
mod compile;
mod front;
mod http;
mod mark;
mod pages;
mod view;
mod warm;

pub(super) use http::routes;
pub(crate) use pages::Pages;
