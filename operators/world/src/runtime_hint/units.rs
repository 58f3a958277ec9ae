//! Memory amounts in the syntax of program options. In: text. Out: bytes, or `None` where it is no amount above 0.

/// The number and the unit after it.
fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, unit))
}

fn times(number: u64, unit: u64) -> Option<u64> {
    number.checked_mul(unit).filter(|bytes| *bytes > 0)
}

/// Powers of 1024 by the letters `k m g t`, in either case; bytes without one. Used by the JVM and MySQL.
pub(super) fn binary(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    times(number, binary_unit(unit)?)
}

/// The same, with a plain number in units of `plain` bytes.
pub(super) fn binary_or(text: &str, plain: u64) -> Option<u64> {
    let (number, unit) = split(text)?;
    times(number, if unit.is_empty() { plain } else { binary_unit(unit)? })
}

fn binary_unit(unit: &str) -> Option<u64> {
    Some(match unit.as_bytes() {
        [] => 1,
        [b'k' | b'K'] => 1 << 10,
        [b'm' | b'M'] => 1 << 20,
        [b'g' | b'G'] => 1 << 30,
        [b't' | b'T'] => 1 << 40,
        // `1gb` and `1GB`, as in PostgreSQL, Flink and Spark.
        [letter, b'b' | b'B'] => return binary_unit(std::str::from_utf8(&[*letter]).ok()?).filter(|unit| *unit > 1),
        _ => return None,
    })
}

/// Go's `GOMEMLIMIT`: `B`, `KiB`, `MiB`, `GiB`, `TiB`, or bytes.
pub(super) fn go(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let unit = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    times(number, unit)
}

/// PostgreSQL's sizes: `B`, `kB`, `MB`, `GB`, `TB`, powers of 1024; a plain number is in blocks of 8 KiB.
pub(super) fn postgres(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let unit = match unit.trim() {
        "" => 8 << 10,
        "B" => 1,
        "kB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        "TB" => 1 << 40,
        _ => return None,
    };
    times(number, unit)
}

/// Redis's sizes: `k m g` are powers of 1000, `kb mb gb` powers of 1024, in either case.
pub(super) fn redis(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    times(number, unit)
}

/// RabbitMQ's sizes, in lower case: `k m g t` and `kib mib gib tib` are powers of 1024, `kb mb gb tb` powers of 1000; bytes without
/// a unit. A fraction is allowed.
pub(super) fn rabbit(text: &str) -> Option<u64> {
    let end = text.bytes().position(|b| !b.is_ascii_digit() && b != b'.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let number: f64 = number.parse().ok().filter(|n: &f64| *n > 0.0 && *n < 1e12)?;
    let step: f64 = if unit.ends_with('b') && !unit.ends_with("ib") { 1000.0 } else { 1024.0 };
    let power = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    let bytes = number * step.powi(power);
    // Within what a double holds exactly; no container is larger.
    (1.0..9e15).contains(&bytes).then_some(bytes as u64)
}

/// The same in either case, as in Go programs: `2GiB`, `2GB`, `1.5gib`.
pub(super) fn decimal_or_binary(text: &str) -> Option<u64> {
    rabbit(&text.to_ascii_lowercase())
}

/// Powers of 1024 by `k`, `kb` and `kib` alike, in either case and with a fraction.
pub(super) fn fraction_of_binary(text: &str) -> Option<u64> {
    let text = text.to_ascii_lowercase();
    rabbit(text.trim_end_matches('b').trim_end_matches('i'))
}

/// Gigabytes of 2³⁰ bytes with a fraction, as MongoDB's `wiredTigerCacheSizeGB`.
pub(super) fn gib(text: &str) -> Option<u64> {
    let number: f64 = text.parse().ok().filter(|n: &f64| n.is_finite() && *n > 0.0 && *n < 1e9)?;
    // The cast cannot overflow: a billion GiB are below 2⁶⁰.
    Some((number * f64::from(1 << 30)) as u64)
}

/// The hexadecimal numbers of .NET, with or without `0x`.
pub(super) fn hex(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    u64::from_str_radix(digits, 16).ok().filter(|n| *n > 0)
}

/// A percentage in hundredths: `75.5` is 7550. From more than 0 to 100.
pub(super) fn hundredths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u32 = format!("{fraction:0<2.2}").parse().ok()?;
    let value = whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(fraction)?;
    (1..=10_000).contains(&value).then_some(value)
}

/// A part of a whole in hundredths of a percent: `25%`, `.25` and `0.25` are 2500. From more than 0 to 1.
pub(super) fn ratio(text: &str) -> Option<u32> {
    if let Some(percent) = text.strip_suffix('%') {
        return hundredths(percent);
    }
    let part: f64 = text.parse().ok().filter(|part: &f64| *part > 0.0 && *part <= 1.0)?;
    Some(((part * 10_000.0).round() as u32).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_has_units_of_its_own() {
        type Read = fn(&str) -> Option<u64>;
        let mib = |n: u64| Some(n << 20);
        for (read, text, expected) in [
            (binary as Read, "512m", mib(512)),
            (binary, "2G", mib(2048)),
            (binary, "1024K", mib(1)),
            (binary, "1gb", mib(1024)),
            (binary, "1048576", mib(1)),
            (binary, "0", None),
            (binary, "1bb", None),
            (binary, "", None),
            (binary, "99999999999999t", None),
            (go, "1GiB", mib(1024)),
            (go, "1048576", mib(1)),
            (go, "1048576B", mib(1)),
            (go, "1G", None),
            (go, "off", None),
            (postgres, "2GB", mib(2048)),
            (postgres, "128", mib(1)),
            (postgres, "1024kB", mib(1)),
            (postgres, "2gb", None),
            (redis, "1gb", mib(1024)),
            (redis, "1G", Some(1_000_000_000)),
            (redis, "2kb", Some(2048)),
            (redis, "50%", None),
            (rabbit, "2gib", mib(2048)),
            (rabbit, "512m", mib(512)),
            (rabbit, "1.5gib", mib(1536)),
            (rabbit, "2gb", Some(2_000_000_000)),
            (rabbit, "1073741824", mib(1024)),
            (rabbit, "0", None),
            (rabbit, "all", None),
            (decimal_or_binary, "1.5GiB", mib(1536)),
            (decimal_or_binary, "2GB", Some(2_000_000_000)),
            (decimal_or_binary, "25%", None),
            (decimal_or_binary, ".25", None),
            (fraction_of_binary, "1.5GB", mib(1536)),
            (fraction_of_binary, "2GiB", mib(2048)),
            (fraction_of_binary, "512m", mib(512)),
            (fraction_of_binary, "0", None),
            (gib, "0.5", mib(512)),
            (gib, "-1", None),
            (gib, "NaN", None),
            (hex, "0x10000000", mib(256)),
            (hex, "C8000000", mib(3200)),
            (hex, "xyz", None),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
        assert_eq!((binary_or("1000", 1 << 20), binary_or("4G", 1 << 20)), (mib(1000), mib(4096)));
        for (text, expected) in
            [("75.5", Some(7550)), ("50", Some(5000)), ("0.01", Some(1)), ("0", None), ("101", None), ("7x", None)]
        {
            assert_eq!(hundredths(text), expected, "{text:?}");
        }
        for (text, expected) in [
            (".25", Some(2500)),
            ("0.9", Some(9000)),
            ("25%", Some(2500)),
            ("1", Some(10_000)),
            ("0", None),
            ("1.5", None),
            ("NaN", None),
            ("128MiB", None),
        ] {
            assert_eq!(ratio(text), expected, "{text:?}");
        }
    }
}
