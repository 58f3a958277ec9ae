//! Stateless noise: a hash of a seed and a position.
//!
//! In: a seed and integers. Out: pseudo-random numbers that are the same each time. Pure.

use std::hash::Hasher;

use fnv::FnvHasher;

/// Mixes two numbers into one (the finalizer of SplitMix64, Steele et al. 2014).
pub fn mix(a: u64, b: u64) -> u64 {
    let mut x = a ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// A seed from words, such as a namespace, a workload and a container (FNV-1a, 64 bits).
pub fn seed(words: &[&str]) -> u64 {
    let mut hasher = FnvHasher::default();
    for word in words {
        hasher.write(word.as_bytes());
        hasher.write(&[0]);
    }
    hasher.finish()
}

/// Uniform noise from 0 to 1 (excluded) at an integer position.
pub fn unit(seed: u64, position: i64) -> f64 {
    // 53 bits fit a double exactly.
    #[allow(clippy::cast_precision_loss)]
    let bits = (mix(seed, position.cast_unsigned()) >> 11) as f64;
    bits / 9_007_199_254_740_992.0
}

/// Bell-shaped noise around 0: mean 0, standard deviation 1, within ±3.5 (the sum of four uniform ones, scaled).
pub fn bell(seed: u64, position: i64) -> f64 {
    let sum: f64 = (0..4).map(|k| unit(mix(seed, k), position)).sum();
    (sum - 2.0) * 3.0_f64.sqrt()
}

/// Slow noise: [`bell`] at each multiple of `period` seconds, smoothly interpolated.
pub fn drift(seed: u64, t: i64, period: i64) -> f64 {
    let (cell, within) = (t.div_euclid(period), t.rem_euclid(period));
    #[allow(clippy::cast_precision_loss)]
    let x = within as f64 / period as f64;
    let smooth = x * x * (3.0 - 2.0 * x);
    bell(seed, cell) * (1.0 - smooth) + bell(seed, cell + 1) * smooth
}

/// A suffix as Kubernetes appends to generated names: `len` of its 27 safe characters.
pub fn suffix(seed: u64, len: usize) -> String {
    const SAFE: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut x = mix(seed, 0x5afe);
    (0..len)
        .map(|_| {
            let c = SAFE[usize::try_from(x % 27).unwrap_or_default()];
            x = mix(x, 1);
            char::from(c)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_even_centred_and_repeatable() {
        let n = 20_000;
        let mean = (0..n).map(|i| unit(7, i)).sum::<f64>() / f64::from(20_000);
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        let (sum, square) = (0..n).map(|i| bell(7, i)).fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
        assert!((sum / f64::from(20_000)).abs() < 0.03 && (square / f64::from(20_000) - 1.0).abs() < 0.03);
        assert_eq!(bell(7, 5).to_bits(), bell(7, 5).to_bits());
        assert_ne!(seed(&["a", "bc"]), seed(&["ab", "c"]));
    }

    #[test]
    fn drift_has_no_jumps() {
        let steps = (0..10_000).map(|i| (drift(3, i * 10, 1_800) - drift(3, i * 10 + 10, 1_800)).abs());
        assert!(steps.fold(0.0, f64::max) < 0.05);
    }

    #[test]
    fn suffixes_are_those_of_kubernetes() {
        let s = suffix(11, 5);
        assert!(s.len() == 5 && s.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c)) && s != suffix(12, 5));
    }
}
