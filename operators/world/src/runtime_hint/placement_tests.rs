//! A memory setting is found wherever it may be: arguments, a command, a shell string, variables of any name, and
//! variables nested in others.

use proptest::prelude::*;

use super::*;
use crate::row::RuntimeName;

/// An option with an amount in MiB, in the syntax of one program.
#[derive(Clone, Copy, Debug)]
struct Told {
    image: &'static str,
    name: RuntimeName,
    /// The text before the amount. Ends in `=`, in a space, or in nothing.
    option: &'static str,
    unit: &'static str,
    /// The unit of the number, in MiB.
    mib: u64,
    /// Whether it is also looked for in variables of any name.
    in_any_variable: bool,
}

const fn told(
    image: &'static str,
    name: RuntimeName,
    option: &'static str,
    unit: &'static str,
    mib: u64,
    in_any_variable: bool,
) -> Told {
    Told { image, name, option, unit, mib, in_any_variable }
}

const FORMS: [Told; 22] = [
    told("team/app", RuntimeName::Jvm, "-Xmx", "m", 1, true),
    told("team/app", RuntimeName::Jvm, "-J-Xmx", "g", 1024, true),
    told("team/app", RuntimeName::Jvm, "-XX:MaxHeapSize=", "M", 1, true),
    told("team/app", RuntimeName::Jvm, "--jvm-args=-Xmx", "m", 1, true),
    told("team/app", RuntimeName::Node, "--max-old-space-size=", "", 1, true),
    told("team/app", RuntimeName::Node, "--max_old_space_size ", "", 1, true),
    told("postgres:17", RuntimeName::PostgreSql, "-c shared_buffers=", "MB", 1, true),
    told("postgres:17", RuntimeName::PostgreSql, "--shared-buffers=", "GB", 1024, true),
    told("mariadb:11", RuntimeName::MySql, "--innodb-buffer-pool-size=", "M", 1, true),
    told("mariadb:11", RuntimeName::MySql, "--innodb_buffer_pool_size ", "G", 1024, true),
    told("mysql:9", RuntimeName::MySql, "--key-buffer-size=", "M", 1, true),
    told("mongo:8", RuntimeName::MongoDb, "--wiredTigerCacheSizeGB ", "", 1024, true),
    told("redis:8", RuntimeName::Redis, "--maxmemory ", "mb", 1, true),
    told("valkey/valkey:8", RuntimeName::Redis, "--maxmemory=", "gb", 1024, true),
    told("memcached:1.6", RuntimeName::Memcached, "--memory-limit=", "", 1, false),
    told("rabbitmq:4", RuntimeName::RabbitMq, "-rabbit vm_memory_high_watermark.absolute=", "MiB", 1, true),
    told("team/app", RuntimeName::Go, "GOMEMLIMIT=", "MiB", 1, false),
    told("team/app", RuntimeName::VictoriaMetrics, "-memory.allowedBytes=", "MiB", 1, true),
    told("dragonfly", RuntimeName::Dragonfly, "--maxmemory=", "gb", 1024, true),
    told("scylladb/scylla:6.2", RuntimeName::ScyllaDb, "--memory ", "G", 1024, true),
    told("redpandadata/redpanda:v25", RuntimeName::Redpanda, "--memory=", "M", 1, true),
    told("haproxy:3.1", RuntimeName::Other, "-m ", "", 1, true),
];

const PLACES: usize = 9;

/// The option at one of the places, with other words around it.
fn place(form: Told, number: u64, place: usize, name: &str, beside: &[String]) -> (Vec<String>, Vec<(String, String)>) {
    let amount = format!("{number}{}", form.unit);
    let whole = format!("{}{amount}", form.option);
    let around = |option: &str| {
        let (before, after) = beside.split_at(beside.len() / 2);
        [before.join(" "), option.to_owned(), after.join(" ")].join(" ").trim().to_owned()
    };
    let mut words: Vec<String> = beside.to_vec();
    let mut env = Vec::new();
    match place {
        // One word per argument, all in one, and with the amount from a variable expanded by the kubelet.
        0 => words.extend(whole.split(' ').map(str::to_owned)),
        1 => words.push(whole),
        2 => {
            env.push((name.to_owned(), amount));
            words.extend(format!("{}$({name})", form.option).split(' ').map(str::to_owned));
        }
        // A shell string: plain, quoted, and with variables of its own or of the container.
        3 => words = vec!["sh".into(), "-c".into(), around(&whole)],
        4 => words = vec!["sh".into(), "-c".into(), around(&format!("'{whole}'"))],
        5 => {
            env.push((name.to_owned(), amount));
            words = vec!["sh".into(), "-c".into(), around(&format!("{}${{{name}}}", form.option))];
        }
        6 => {
            words = vec![
                "sh".into(),
                "-c".into(),
                format!("{name}={amount}; {}", around(&format!("{}${name}", form.option))),
            ]
        }
        // A variable of any name, and one nested in it.
        7 if form.in_any_variable => env.push((name.to_owned(), around(&whole))),
        8 if form.in_any_variable => {
            env.push(("OF_THE_TEAM".to_owned(), amount));
            env.push((name.to_owned(), around(&format!("{}$(OF_THE_TEAM)", form.option))));
        }
        _ => words.push(whole),
    }
    (words, env)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_told_is_found_wherever_it_stands(
        form in proptest::sample::select(FORMS.to_vec()),
        number in 1u64..64,
        at in 0..PLACES,
        name in "(TEAM|APP|EXTRA)_(OPTS|FLAGS|ARGS|SETTING)",
        beside in proptest::collection::vec("(-v|--port=[0-9]{4}|run|--name [a-z]{3}|[a-z]{2,6}\\.conf)", 0..5),
    ) {
        let (words, env) = place(form, number, at, &name, &beside);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let env: Vec<(&str, Option<&str>)> = env.iter().map(|(n, v)| (n.as_str(), Some(v.as_str()))).collect();
        let found = detect(form.image, &words, &env, false);
        let expected = Some(Runtime::Told { bytes: (number * form.mib) << 20, name: form.name });
        prop_assert_eq!(found, expected, "{:?} {:?} {:?}", form, words, env);
    }

    /// If the setting comes from elsewhere, the memory of a product known to size itself is left alone.
    #[test]
    fn a_known_product_is_never_taken_for_one_that_was_told_nothing(
        image in proptest::sample::select(vec!["kafka", "elasticsearch", "tomcat:10", "mongo:8", "rabbitmq:4", "clickhouse:25", "vmstorage", "mssql/server"]),
        words in proptest::collection::vec("[ -~]{0,12}", 0..4),
        unseen in any::<bool>(),
    ) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let found = detect(image, &words, &[("ANY", None)], unseen);
        prop_assert!(matches!(found, Some(Runtime::FromLimit { .. })), "{image} {words:?}: {found:?}");
    }
}
