//! Hands libFuzzer's input to `trimtab_fuzz_targets::prometheus_answers`, which says what has to hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trimtab_fuzz_targets::prometheus_answers(data));
