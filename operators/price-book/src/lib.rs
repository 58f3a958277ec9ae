//! Trimtab: price-book.
