//! The `process_*` metrics of this process, read from `/proc/self` at scrape time. What cannot be read is left out.

use std::{fmt::Write, fs};

use super::scrape::describe;

/// Clock ticks per second in `/proc/self/stat`: 100 on every architecture Linux has now (`USER_HZ`).
const TICKS: f64 = 100.0;

/// Appends what can be read.
pub(super) fn write(out: &mut String) {
    let read = |path: &str| fs::read_to_string(path).ok();
    let status = read("/proc/self/status").unwrap_or_default();
    let stat = read("/proc/self/stat").unwrap_or_default();
    let boot = read("/proc/stat").as_deref().and_then(boot_time);
    let fds = fs::read_dir("/proc/self/fd").ok().map(|dir| dir.count() as f64);
    let limit = read("/proc/self/limits").as_deref().and_then(max_fds);

    let mut put = |name: &str, help: &str, kind: &str, value: Option<f64>| {
        if let Some(value) = value {
            describe(name, help, kind, out);
            let _ = writeln!(out, "{name} {value}");
        }
    };
    let memory = |key| kibibytes(&status, key).map(|k| k * 1024.0);
    put("process_resident_memory_bytes", "Resident memory size.", "gauge", memory("VmRSS:"));
    put("process_virtual_memory_bytes", "Virtual memory size.", "gauge", memory("VmSize:"));
    put("process_cpu_seconds_total", "User and system CPU time spent.", "counter", cpu_seconds(&stat));
    let started = boot.zip(field(&stat, 22)).map(|(boot, ticks)| boot + ticks / TICKS);
    put("process_start_time_seconds", "Start time since the Unix epoch.", "gauge", started);
    put("process_open_fds", "Open file descriptors.", "gauge", fds);
    put("process_max_fds", "Most file descriptors the process may open.", "gauge", limit);
}

/// The value of `key` in `/proc/self/status`, in KiB.
fn kibibytes(status: &str, key: &str) -> Option<f64> {
    status.lines().find_map(|l| l.strip_prefix(key))?.split_whitespace().next()?.parse().ok()
}

/// Field `number` of `/proc/self/stat`, counted from 1 as in proc(5). The second field is a name in parentheses that
/// may hold anything, so the count begins after its last parenthesis.
fn field(stat: &str, number: usize) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    Some((field(stat, 14)? + field(stat, 15)?) / TICKS)
}

fn boot_time(stat: &str) -> Option<f64> {
    stat.lines().find_map(|l| l.strip_prefix("btime "))?.trim().parse().ok()
}

fn max_fds(limits: &str) -> Option<f64> {
    limits.lines().find_map(|l| l.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_formats_of_proc() {
        assert_eq!(kibibytes("Name:\tx\nVmRSS:\t   5120 kB\n", "VmRSS:"), Some(5120.0));
        let stat = "42 (a b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 13 14 15 16 17 18 12345 20";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(field(stat, 22), Some(12345.0));
        assert_eq!(boot_time("cpu 1\nbtime 1700000000\n"), Some(1_700_000_000.0));
        assert_eq!(max_fds("Limit  Soft\nMax open files            1024                 4096  files\n"), Some(1024.0));
    }
}
