//! Hands libFuzzer's input to `trimtab_fuzz_targets::price_books`, which says what has to hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trimtab_fuzz_targets::price_books(data));
