#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use proptest::prelude::*;

fn history(samples: &[(i64, f64, f64)]) -> ContainerHistory {
    let mut history = ContainerHistory::new();
    for (nth, (time, cores, bytes)) in samples.iter().enumerate() {
        history.observe_cpu(*time, *cores, 1);
        history.observe_memory(*time, *bytes);
        if nth % 7 == 0 {
            history.observe_run(*time);
            let limit = (nth % 2 == 0).then_some(*bytes as i64);
            history.observe_kill(Kill { time: *time, request: None, limit });
        }
    }
    history
}

#[test]
fn ninety_busy_days_fit_into_32_kib() {
    let mut history = ContainerHistory::new();
    for minute in 0..90 * 1440i64 {
        // Values spread over two decades by a fixed recurrence: the worst case for a sparse histogram.
        let noise = (minute.wrapping_mul(2_654_435_761) % 10_007) as f64 / 10_007.0;
        history.observe_cpu(minute * 60, 0.02 * 100f64.powf(noise), 3);
        history.observe_memory(minute * 60, 1e9 * (1.0 + noise));
    }
    let bytes = history.encode();
    assert!(bytes.len() < 32 << 10, "{}", bytes.len());
    assert_eq!(ContainerHistory::decode(&bytes).unwrap(), history);
    assert!(history.size_in_memory() / 90 <= 800, "{}", history.size_in_memory() / 90);
}

#[test]
fn malformed_bytes_have_typed_errors() {
    let good = history(&[(100, 0.1, 1e6)]).encode();
    assert_eq!(ContainerHistory::decode(&[]), Err(DecodeError::Truncated { at: 0 }));
    assert_eq!(ContainerHistory::decode(&[9]), Err(DecodeError::UnknownVersion { found: 9 }));
    let mut longer = good.clone();
    longer.push(0);
    assert_eq!(ContainerHistory::decode(&longer), Err(DecodeError::TrailingBytes { count: 1 }));
    for length in 0..good.len() {
        assert!(matches!(ContainerHistory::decode(&good[..length]), Err(DecodeError::Truncated { .. })));
    }
}

/// A history as the previous version wrote it: OOM kills counted by day, and no runs.
fn as_before(history: &ContainerHistory) -> Vec<u8> {
    let mut out = vec![BEFORE];
    put(&mut out, 0);
    put(&mut out, 0);
    out.push(1);
    put_signed(&mut out, history.first_sample_time().unwrap());
    put_signed(&mut out, history.last_sample_time().unwrap());
    put(&mut out, history.cells.len() as u64);
    let mut before = 0;
    for cell in &history.cells {
        put_signed(&mut out, i64::from(cell.day) - before);
        before = i64::from(cell.day);
        let mut head = Vec::new();
        for number in [cell.cpu_samples, cell.memory_samples, cell.throttled_periods, cell.periods] {
            put(&mut head, number.into());
        }
        let mut whole = Vec::new();
        put_cell(&mut whole, cell);
        out.extend(&head);
        put(&mut out, 2);
        put(&mut out, 28_673);
        // The part after the runs, which take one byte.
        out.extend(&whole[head.len() + 1..]);
    }
    out
}

#[test]
fn what_the_version_before_wrote_is_read() {
    let mut history = ContainerHistory::new();
    for hour in 0..400 {
        history.observe_cpu(hour * 3600, 0.01 * (hour % 31) as f64, 1);
        history.observe_memory(hour * 3600, 1e8 + 1e6 * (hour % 53) as f64);
        history.observe_restarts(hour * 3600, 1);
    }
    assert_eq!(ContainerHistory::decode(&as_before(&history)).unwrap(), history);
}

proptest! {
    #[test]
    fn what_is_written_is_read(samples in prop::collection::vec((-1_000_000i64..20_000_000, 0.0f64..2000.0, 0.0f64..1e13), 0..300)) {
        let history = history(&samples);
        prop_assert_eq!(ContainerHistory::decode(&history.encode()).unwrap(), history);
    }

    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = ContainerHistory::decode(&bytes);
        if let Some(first) = bytes.first_mut() {
            *first = VERSION;
        }
        if let Ok(history) = ContainerHistory::decode(&bytes) {
            let _ = crate::decide(&crate::SizingRules::of(crate::Profile::Balanced), &crate::ContainerInput::of(&history), 0);
        }
    }

    #[test]
    fn damaged_bytes_never_panic(at in 0usize..2000, value in any::<u8>()) {
        let samples: Vec<_> = (0..500).map(|i| (i * 3600, 0.001 * (i % 37) as f64, 1e8 + 1e6 * (i % 53) as f64)).collect();
        let mut bytes = history(&samples).encode();
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(history) = ContainerHistory::decode(&bytes) {
            let now = history.last_sample_time().unwrap_or(0);
            let _ = crate::decide(&crate::SizingRules::of(crate::Profile::Balanced), &crate::ContainerInput::of(&history), now);
        }
    }
}
