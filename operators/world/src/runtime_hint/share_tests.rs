//! Servers that take a share of their limit, by flags, by variables and by default.

use super::*;
use crate::row::RuntimeName::{
    self, CockroachDb, Dragonfly, Go, MySql, Other, Redpanda, ScyllaDb, SqlServer, TiKv, Varnish, VictoriaMetrics,
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
fn haproxy_is_told_megabytes() {
    let image = "haproxy:3.1-alpine";
    check(&[
        (image, &["haproxy", "-m", "2048", "-f", "/etc/haproxy.cfg"], &[], told(2 * GIB, Other)),
        (image, &["-W", "-db", "-m", "$(MEGABYTES)"], &[("MEGABYTES", "512")], told(512 * MIB, Other)),
        (image, &["sh", "-c", "exec haproxy -f /x -m 512 -m 1024"], &[], told(GIB, Other)),
        (image, &[], &[("EXTRAOPTS", "-de -m 512")], told(512 * MIB, Other)),
        // Units are not read.
        (image, &["haproxy", "-m", "2048MB"], &[], told(2 * GIB, Other)),
        ("haproxytech/haproxy-alpine", &["-m", "2048"], &[], told(2 * GIB, Other)),
        ("team/edge", &["/usr/sbin/haproxy", "-m", "2048", "-f", "/etc/haproxy"], &[], told(2 * GIB, Other)),
        ("team/edge", &["/opt/hapee-3.0/sbin/hapee-lb", "-m", "2048"], &[], told(2 * GIB, Other)),
        (image, &["sh", "-c", "python -m 4096 & haproxy -m 2048"], &[], told(2 * GIB, Other)),
        (image, &["sh", "-c", "echo 'server b b:80 backup' >> c; haproxy -m 64"], &[], told(64 * MIB, Other)),
        (image, &["haproxy", "-m", "$(ABSENT)"], &[], share(10_000, Other)),
        (image, &["haproxy", "-f", "/etc/haproxy.cfg"], &[], None),
        (image, &["haproxy", "-m", "0"], &[], None),
        (image, &["haproxy", "-m2048", "-f", "/etc/haproxy.cfg"], &[], None),
        (image, &["haproxy", "-M", "2048"], &[], None),
        ("team/edge", &["grep", "-m", "2048", "haproxy"], &[], None),
        ("team/edge", &["python", "-m", "2048"], &[], None),
        ("quay.io/prometheus/haproxy-exporter", &["-m", "2048"], &[], None),
    ]);
}

#[test]
fn a_dedicated_server_of_mysql_takes_what_it_detects() {
    let image = "mysql:8.4";
    let dedicated = share(7500, MySql);
    check(&[
        (image, &["--innodb-dedicated-server=ON"], &[], dedicated),
        (image, &["mysqld", "--innodb_dedicated_server=1"], &[], dedicated),
        (image, &["--loose-innodb-dedicated-server=true"], &[], dedicated),
        (image, &["--enable-innodb-dedicated-server"], &[], dedicated),
        (image, &["--innodb-dedicated-server"], &[], dedicated),
        (image, &["--innodb-dedicated-server", "--skip-name-resolve"], &[], dedicated),
        (image, &["--innodb-dedicated-server=OFF", "--innodb-dedicated-server=ON"], &[], dedicated),
        (image, &["--innodb-dedicated-server=$(ON)"], &[("ON", "on")], dedicated),
        (image, &["sh", "-c", "exec mysqld --innodb-dedicated-server='ON'"], &[], dedicated),
        (image, &["sh", "-c", "echo 'innodb_dedicated_server = ON' > /x.cnf; mysqld"], &[], dedicated),
        ("percona/percona-server", &[], &[("MYSQL_EXTRA_FLAGS", "--innodb-dedicated-server -x")], dedicated),
        ("bitnami/mariadb", &[], &[("MARIADB_EXTRA_FLAGS", "--innodb_dedicated_server=TRUE")], dedicated),
        (image, &[], &[("MYSQL_INNODB_DEDICATED_SERVER", "ON")], dedicated),
        // A pool with a set size has that size; other caches say nothing about it.
        (image, &["--innodb-dedicated-server", "--innodb-buffer-pool-size=2G"], &[], told(2 * GIB, MySql)),
        (image, &["--innodb-dedicated-server", "--key-buffer-size=512M"], &[], dedicated),
        (image, &["--innodb-dedicated-server=$(ABSENT)"], &[], share(10_000, MySql)),
        (image, &["--innodb-dedicated-server=OFF"], &[], None),
        (image, &["--innodb_dedicated_server=0"], &[], None),
        (image, &["--innodb-dedicated-server=false", "--key-buffer-size=1G"], &[], told(GIB, MySql)),
        (image, &["--innodb-dedicated-server=much"], &[], None),
        (image, &["--skip-innodb-dedicated-server"], &[], None),
        (image, &["--innodb-dedicated-server", "--disable-innodb-dedicated-server"], &[], None),
        (image, &["sh", "-c", "echo 'innodb_dedicated_server = OFF' > /x.cnf; mysqld"], &[], None),
        (image, &["mysql", "-e", "SHOW VARIABLES LIKE 'innodb_dedicated_server'"], &[], None),
        (image, &[], &[("MYSQL_INNODB_DEDICATED_SERVER", "OFF")], None),
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
