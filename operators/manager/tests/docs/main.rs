//! What a program can tell of the documentation: its links lead somewhere, its blocks of commands are run or say why not, what
//! it names exists, and the book has every page.
//!
//! Other tests look into the blocks: `operators/api/tests/docs_commands.rs` (commands of kubectl), `docs.rs` beside it (YAML by the
//! schemas), and `operators/kubectl/tests/docs.rs` (commands of the plugin, and `lint`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod blocks;
mod book;
#[path = "../../../api/tests/support/commands.rs"]
mod commands;
mod links;
mod named;
mod page;
