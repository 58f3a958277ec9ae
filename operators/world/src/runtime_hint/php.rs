//! PHP: memory limit per process of its server, and number of processes.
//!
//! In: [`Seen`] of a container. Out: the amount that all processes may use together, or that of one where their number
//! is not set. Besides variables of images, options and lines of files that a shell writes count: `php -d
//! memory_limit=2G`, `echo 'pm.max_children = 8' >> www.conf`.
//!
//! Sources: <https://www.php.net/manual/en/ini.core.php> (`memory_limit`, per process),
//! <https://www.php.net/manual/en/install.fpm.configuration.php> (`pm.max_children`). Variables:
//! `PHP_FPM_PM_MAX_CHILDREN` and `ZBX_MEMORYLIMIT` of <https://github.com/zabbix/zabbix-docker>, `FPM_PM_MAX_CHILDREN`
//! of <https://github.com/webdevops/Dockerfile>.

use super::{Seen, named, option};

/// Prefixes (letters only) of names for PHP and programs written in it; `memory_limit` itself is one.
const BEGINNINGS: [&str; 7] = ["fpm", "mem", "nextcloud", "php", "wordpress", "wp", "zbx"];
/// Their suffixes for the limit of a process.
const LIMITS: [&str; 4] = ["memlimit", "memlimitmb", "memorylimit", "memorylimitmb"];
/// Suffixes (letters only) of names for the number of processes: `PM_MAX_CHILDREN`, `PHP_FPM_MAX_CHILDREN`,
/// `PHP_MAX_CHILDREN`.
pub(super) const CHILDREN: [&str; 2] = ["pmmaxchildren", "phpmaxchildren"];

fn is_limit(name: &str) -> bool {
    // `-dmemory_limit=2G` is one word.
    let parts = named::parts(name.strip_prefix("-d").unwrap_or(name));
    let letters = parts.concat();
    // A process started by hand is none of the server's.
    let by_hand = parts.iter().any(|part| part == "cli");
    named::is_memory(&parts)
        && !by_hand
        && BEGINNINGS.iter().any(|start| letters.starts_with(start))
        && LIMITS.iter().any(|end| letters.ends_with(end))
}

fn is_children(name: &str) -> bool {
    let letters = named::parts(name).concat();
    CHILDREN.iter().any(|end| letters.ends_with(end))
}

/// The limit of one process; the greatest amount, since it is unknown which of several it reads.
pub(super) fn limit(seen: &Seen<'_>) -> Option<u64> {
    let words: Vec<&str> = seen.words().collect();
    let written = option(&words, is_limit).filter_map(|value| named::memory(&[], value));
    let variables = seen.env.iter().filter(|(name, _)| is_limit(name));
    written.chain(variables.filter_map(|(name, value)| named::memory(&named::parts(name), value.trim()))).max()
}

/// The limit of all processes together.
pub(super) fn told(seen: &Seen<'_>) -> Option<u64> {
    let words: Vec<&str> = seen.words().collect();
    let written = option(&words, is_children).filter_map(|value| value.parse::<u64>().ok());
    let variables = seen.env.iter().filter(|(name, _)| is_children(name));
    let children = written.chain(variables.filter_map(|(_, value)| value.trim().parse().ok())).max();
    Some(limit(seen)?.saturating_mul(children.unwrap_or(1).max(1)))
}

#[cfg(test)]
mod tests {
    use crate::row::{Runtime, RuntimeName::Other};

    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], Option<u64>);

    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;

    fn check(cases: &[Case<'_>]) {
        for (words, env, expected) in cases {
            let variables: Vec<_> = env.iter().map(|(name, value)| (*name, Some(*value))).collect();
            let expected = expected.map(|bytes| Runtime::Told { bytes, name: Other });
            assert_eq!(super::super::detect("php:8.4-fpm", words, &variables, false), expected, "{words:?} {env:?}");
        }
    }

    #[test]
    fn each_child_may_use_the_limit() {
        check(&[
            (&[], &[("PHP_MEMORY_LIMIT", "512M"), ("PM_MAX_CHILDREN", "8")], Some(4 * GIB)),
            (&[], &[("PHP_MEMORY_LIMIT", "512M"), ("PHP_FPM_PM_MAX_CHILDREN", "8")], Some(4 * GIB)),
            (&[], &[("PHP_MEMORY_LIMIT", "512M"), ("PHP_FPM_MAX_CHILDREN", " 8 ")], Some(4 * GIB)),
            (&[], &[("MEMORY_LIMIT", "256m"), ("FPM_PM_MAX_CHILDREN", "4")], Some(GIB)),
            (&[], &[("PHP_MEM_LIMIT", "256M"), ("PHPFPM_PM_MAX_CHILDREN", "4")], Some(GIB)),
            (&[], &[("PHP_MEMORY_LIMIT_MB", "256"), ("PHP_MAX_CHILDREN", "4")], Some(GIB)),
            (&[], &[("php.memory_limit", "256M"), ("fpm.pool.pm.max_children", "4")], Some(GIB)),
            (&[], &[("ZBX_MEMORYLIMIT", "128M"), ("PHP_FPM_PM_MAX_CHILDREN", "50")], Some(6400 * MIB)),
            // Little for one is much for many.
            (&[], &[("PHP_MEMORY_LIMIT", "8M"), ("PM_MAX_CHILDREN", "64")], Some(512 * MIB)),
            (&["sh", "-c", "PHP_MEMORY_LIMIT=512M PM_MAX_CHILDREN=8 exec php-fpm"], &[], Some(4 * GIB)),
            (&["php-fpm", "-d", "memory_limit=512M"], &[("PM_MAX_CHILDREN", "8")], Some(4 * GIB)),
            (&["sh", "-c", "echo 'pm.max_children = 8' >> w; php-fpm -dmemory_limit=512M"], &[], Some(4 * GIB)),
            (&["sh", "-c", "echo 'php_admin_value[memory_limit] = 2G' >> w; php-fpm"], &[], Some(2 * GIB)),
            (&["sh", "-c", "echo 'php_admin_value[memory_limit]=2G' >> w; php-fpm"], &[], Some(2 * GIB)),
        ]);
    }

    #[test]
    fn one_child_where_nothing_is_said_of_more() {
        check(&[
            (&[], &[("PHP_MEMORY_LIMIT", "512M")], Some(512 * MIB)),
            (&["php", "-d", "memory_limit=2G", "artisan"], &[], Some(2 * GIB)),
            (&[], &[("PHP_MEMORY_LIMIT", "512M"), ("PM_MAX_CHILDREN", "many")], Some(512 * MIB)),
            (&[], &[("PHP_MEMORY_LIMIT", "512M"), ("PM_MAX_CHILDREN", "0")], Some(512 * MIB)),
            (&[], &[("PHP_MEMORY_LIMIT", "512M"), ("PHP_FPM_PM_START_SERVERS", "8")], Some(512 * MIB)),
            (&[], &[("PHP_MEMORY_LIMIT", "512M"), ("PM_MAX_CHILDREN_PATH", "8")], Some(512 * MIB)),
            // Other amounts are not the limit of a child.
            (&[], &[("PHP_CLI_MEMORY_LIMIT", "2G"), ("PM_MAX_CHILDREN", "8")], Some(2 * GIB)),
            (&[], &[("OPCACHE_MEMORY_SIZE", "256M"), ("PM_MAX_CHILDREN", "8")], Some(256 * MIB)),
        ]);
    }

    #[test]
    fn no_limit_is_no_amount() {
        check(&[
            (&[], &[("PHP_MEMORY_LIMIT", "-1")], None),
            (&[], &[("PHP_MEMORY_LIMIT", "-1"), ("PM_MAX_CHILDREN", "8")], None),
            (&["php", "-d", "memory_limit=-1", "artisan"], &[("PM_MAX_CHILDREN", "8")], None),
            (&[], &[("PM_MAX_CHILDREN", "8")], None),
            (&["php-fpm", "-d", "memory_limit=8M"], &[], None),
        ]);
    }

    #[test]
    fn a_number_that_stands_elsewhere_may_be_any() {
        let detect = |limit| super::super::detect("php:8.4-fpm", &[], &[limit, ("PM_MAX_CHILDREN", None)], false);
        let all = Some(Runtime::FromLimit { percent_hundredths: 10_000, name: Other });
        assert_eq!(detect(("PHP_MEMORY_LIMIT", Some("512M"))), all);
        assert_eq!(detect(("PHP_MEMORY_LIMIT", Some("-1"))), None);
    }
}
