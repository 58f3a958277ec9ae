//! Servers that take a share of their limit, by flags, by variables and by themselves.

use super::*;
use crate::row::RuntimeName::{
    self, CockroachDb, Dragonfly, Go, Redpanda, ScyllaDb, SqlServer, TiKv, Varnish, VictoriaMetrics,
};

type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)], Option<Runtime>);

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

fn told(bytes: u64, name: RuntimeName) -> Option<Runtime> {
    Some(Runtime::Told { bytes, name })
}

fn share(percent_hundredths: u32, name: RuntimeName) -> Option<Runtime> {
    Some(Runtime::FromLimit { percent_hundredths, name })
}

fn check(cases: &[Case<'_>]) {
    for (image, words, env, expected) in cases {
        let variables: Vec<_> = env.iter().map(|(name, value)| (*name, Some(*value))).collect();
        assert_eq!(detect(image, words, &variables, false), *expected, "{image} {words:?} {env:?}");
    }
}

#[test]
fn victoria_metrics_takes_a_percentage_or_an_amount() {
    let single = "victoriametrics/victoria-metrics:v1.110.0";
    check(&[
        (single, &[], &[], share(6000, VictoriaMetrics)),
        (single, &["-memory.allowedPercent=80", "-retentionPeriod=12"], &[], share(8000, VictoriaMetrics)),
        (single, &["--memory.allowedPercent", "35.5"], &[], share(3550, VictoriaMetrics)),
        (single, &["-memory.allowedBytes=2GiB", "-memory.allowedPercent=80"], &[], told(2 * GIB, VictoriaMetrics)),
        (single, &["-memory.allowedBytes=512MB"], &[], told(512_000_000, VictoriaMetrics)),
        (single, &["-memory.allowedBytes=0"], &[], share(6000, VictoriaMetrics)),
        (single, &["-envflag.enable"], &[("VM_memory_allowedPercent", "40")], share(4000, VictoriaMetrics)),
        ("victoriametrics/vmstorage:v1.110.0-cluster", &[], &[], share(6000, VictoriaMetrics)),
        ("victoriametrics/vmselect", &["--memory.allowedPercent=50"], &[], share(5000, VictoriaMetrics)),
        ("registry.example:5000/mirror/vmagent@sha256:00", &[], &[], share(6000, VictoriaMetrics)),
        ("bitnami/victoriametrics-vminsert", &[], &[], share(6000, VictoriaMetrics)),
        ("team/metrics", &["-memory.allowedPercent=80"], &[], share(8000, VictoriaMetrics)),
        ("victoriametrics/vmalert", &[], &[], None),
        ("victoriametrics/victoria-metrics-operator", &[], &[], None),
    ]);
}

#[test]
fn cockroach_takes_fractions_percentages_or_amounts() {
    let image = "cockroachdb/cockroach:v24.3.1";
    check(&[
        (image, &["start", "--cache=.25", "--max-sql-memory=.25"], &[], share(5000, CockroachDb)),
        (image, &["start", "--cache", "30%", "--max-sql-memory", "0.2"], &[], share(5000, CockroachDb)),
        (image, &["start-single-node"], &[], share(2500, CockroachDb)),
        (image, &["start", "--cache=4GiB", "--max-sql-memory=1GiB"], &[], told(5 * GIB, CockroachDb)),
        (image, &["start", "--max-sql-memory=1GiB"], &[], told(GIB + 256 * MIB, CockroachDb)),
        // One of the two still follows the limit.
        (image, &["start", "--cache=4GiB", "--max-sql-memory=25%"], &[], share(2500, CockroachDb)),
        (
            "team/db",
            &["sh", "-c", "exec /cockroach/cockroach start --cache 25% --max-sql-memory 25%"],
            &[],
            share(5000, CockroachDb),
        ),
        (image, &["/cockroach/cockroach", "init", "--host=db-0"], &[], None),
        ("cockroachdb/cockroach-operator:v2", &[], &[], None),
        ("team/proxy", &["--cache=.25"], &[], None),
    ]);
}

#[test]
fn sql_server_dragonfly_and_others_take_what_there_is_or_what_they_are_told() {
    let server = "mcr.microsoft.com/mssql/server:2022-latest";
    let dragonfly = "docker.dragonflydb.io/dragonflydb/dragonfly:v1.25.1";
    check(&[
        (server, &[], &[], share(8000, SqlServer)),
        (server, &[], &[("MSSQL_MEMORY_LIMIT_MB", "3072")], told(3 * GIB, SqlServer)),
        (server, &[], &[("MSSQL_MEMORY_LIMIT_MB", "0")], share(8000, SqlServer)),
        ("mcr.microsoft.com/mssql/rhel/server:2022-latest", &[], &[], share(8000, SqlServer)),
        ("mcr.microsoft.com/azure-sql-edge", &[], &[], share(8000, SqlServer)),
        ("team/db", &["/opt/mssql/bin/sqlservr"], &[], share(8000, SqlServer)),
        ("mcr.microsoft.com/mssql-tools", &["sleep", "60"], &[], None),
        ("awaragi/prometheus-mssql-exporter", &[], &[], None),
        (dragonfly, &["--logtostderr"], &[], share(8000, Dragonfly)),
        (dragonfly, &["--maxmemory=4gb"], &[], told(4 * GIB, Dragonfly)),
        (dragonfly, &["--maxmemory", "1.5GiB"], &[], told(1536 * MIB, Dragonfly)),
        (dragonfly, &["--maxmemory=0"], &[], share(8000, Dragonfly)),
        (dragonfly, &[], &[("DFLY_maxmemory", "2G")], told(2 * GIB, Dragonfly)),
        ("dragonflydb/operator", &[], &[], None),
        ("scylladb/scylla:6.2", &[], &[], share(9300, ScyllaDb)),
        ("scylladb/scylla:6.2", &["--smp", "2", "--memory", "4G"], &[], told(4 * GIB, ScyllaDb)),
        ("scylladb/scylla-operator:1.15", &[], &[], None),
        ("redpandadata/redpanda:v24.3.1", &["redpanda", "start", "--memory=2.5G"], &[], told(2560 * MIB, Redpanda)),
        ("redpandadata/redpanda:v24.3.1", &["redpanda", "start"], &[], share(9300, Redpanda)),
        ("redpandadata/console:v2", &[], &[], None),
        ("pingcap/tikv:v8.5.0", &["/tikv-server"], &[], share(4500, TiKv)),
        ("pingcap/tikv-importer:v8.5.0", &[], &[], None),
        ("varnish:7.6", &["-s", "malloc,2G", "-s", "small=malloc,512M"], &[], told(2560 * MIB, Varnish)),
        ("team/cache", &["/usr/sbin/varnishd", "-F", "-smalloc,1.5G"], &[], told(1536 * MIB, Varnish)),
        ("varnish:7.6", &[], &[("VARNISH_SIZE", "1G")], told(GIB, Varnish)),
        ("varnish:7.6", &["-s", "file,/var/cache,2G"], &[], None),
    ]);
}

#[test]
fn programs_in_go_take_a_ratio_of_the_limit() {
    check(&[
        ("app", &[], &[("AUTOMEMLIMIT", "0.8")], share(8000, Go)),
        ("app", &[], &[("AUTOMEMLIMIT", "much")], share(9000, Go)),
        ("app", &[], &[("AUTOMEMLIMIT", "off")], None),
        ("app", &["sh", "-c", "AUTOMEMLIMIT=0.7 exec server"], &[], share(7000, Go)),
        ("app", &[], &[("AUTOMEMLIMIT", "0.8"), ("GOMEMLIMIT", "1GiB")], told(GIB, Go)),
        ("app", &[], &[("GOMEMLIMIT", "85%")], share(8500, Go)),
        ("prom/prometheus:v3.1.0", &["--config.file=/p.yml"], &[], share(9000, Go)),
        ("bitnami/prometheus:3", &[], &[], share(9000, Go)),
        ("localhost:5000/prometheus", &[], &[], share(9000, Go)),
        ("prom/prometheus:v3.1.0", &["--auto-gomemlimit.ratio=0.7"], &[], share(7000, Go)),
        ("prom/prometheus:v3.1.0", &["--no-auto-gomemlimit"], &[], None),
        ("prom/prometheus:v3.1.0", &[], &[("GOMEMLIMIT", "2GiB")], told(2 * GIB, Go)),
        ("prom/prometheus:v2.55.0", &[], &[], None),
        ("prom/prometheus:v2.55.0", &["--enable-feature=auto-gomemlimit"], &[], share(9000, Go)),
        ("thanosio/thanos:v0.37.0", &["receive", "--enable-auto-gomemlimit"], &[], share(9000, Go)),
        ("quay.io/prometheus-operator/prometheus-operator:v0.80.0", &[], &[], None),
    ]);
}

#[test]
fn a_ratio_that_stands_elsewhere_is_a_ratio_all_the_same() {
    assert_eq!(detect("app", &[], &[("AUTOMEMLIMIT", None)], false), share(9000, Go));
}
