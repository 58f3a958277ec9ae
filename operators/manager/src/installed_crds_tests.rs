#![allow(clippy::unwrap_used)]
use jiff::Timestamp;
use trimtab_testkit::{Server, Then};

use super::*;

const PLURAL: &str = "customresourcedefinitions";
const RECOMMENDATIONS: &str = "recommendations.trimtab.dev";

/// An API server on which this release is installed.
fn server() -> Server {
    let server = Server::new(Timestamp::now);
    for (_, crd) in crds::all().unwrap() {
        server.put(PLURAL, crd);
    }
    server
}

/// Takes a field of the status of Recommendations away, as an older release has it.
fn downgrade(server: &Server) {
    server.edit((PLURAL, "", RECOMMENDATIONS), "kubectl", |crd| {
        let status = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";
        crd.pointer_mut(status).unwrap().as_object_mut().unwrap().remove("rollout");
    });
}

/// Waits until every CRD has been looked at again.
async fn looked() {
    tokio::time::sleep(LOOK + LOOK_AGAIN).await;
}

fn is_outdated(installed: &InstalledCrds, name: &str) -> Option<bool> {
    installed.outdated().into_iter().find(|(known, _)| *known == name).map(|(_, outdated)| outdated)
}

#[tokio::test(start_paused = true)]
async fn nobody_leads_while_a_crd_is_older_and_all_go_on_once_it_is_applied() {
    let (server, stop) = (server(), CancellationToken::new());
    let installed = InstalledCrds::start(&server.client(), &stop);
    assert!(!*installed.eligible().borrow() && installed.check().is_err(), "before anything is known");
    looked().await;
    assert!(*installed.eligible().borrow());
    assert_eq!(installed.check(), Ok(()));
    assert_eq!(is_outdated(&installed, RECOMMENDATIONS), Some(false));

    downgrade(&server);
    looked().await;
    assert!(!*installed.eligible().borrow());
    let said = installed.check().unwrap_err();
    for part in [RECOMMENDATIONS, "lacks status.rollout", "begins and writes nothing", APPLY] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(is_outdated(&installed, RECOMMENDATIONS), Some(true));
    assert_eq!(is_outdated(&installed, "pricebooks.trimtab.dev"), Some(false));

    server.put(PLURAL, crds::named(RECOMMENDATIONS).unwrap().unwrap());
    tokio::time::sleep(LOOK_AGAIN * 2).await;
    assert!(*installed.eligible().borrow(), "whoever applied it does not wait for long");
    assert_eq!(installed.check(), Ok(()));
    stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_or_may_not_be_read_is_told_and_stops_nothing() {
    let (server, stop) = (server(), CancellationToken::new());
    let installed = InstalledCrds::start(&server.client(), &stop);
    looked().await;
    server.delete(PLURAL, "", "appliedsizes.trimtab.dev");
    looked().await;
    let said = installed.check().unwrap_err();
    assert_eq!(said, format!("appliedsizes.trimtab.dev is not installed: {APPLY}"));
    assert!(*installed.eligible().borrow(), "what is in force is undone while the kinds go");
    assert_eq!(is_outdated(&installed, "appliedsizes.trimtab.dev"), Some(true));

    server.put(PLURAL, crds::named("appliedsizes.trimtab.dev").unwrap().unwrap());
    server.always("get", PLURAL, Then::refuse(403, "Forbidden", "User \"trimtab\" cannot get resource"));
    looked().await;
    let said = installed.check().unwrap_err();
    assert!(said.contains("cannot get resource") && said.contains("apply deploy/rbac.yaml"), "{said}");
    assert!(*installed.eligible().borrow() && installed.outdated().is_empty());

    server.heal();
    looked().await;
    assert_eq!(installed.check(), Ok(()));
    stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn an_api_server_without_an_answer_changes_nothing_that_is_known() {
    let (server, stop) = (server(), CancellationToken::new());
    let down = || server.always("get", PLURAL, Then::refuse(500, "InternalError", "etcd is away"));
    down();
    let installed = InstalledCrds::start(&server.client(), &stop);
    looked().await;
    assert!(!*installed.eligible().borrow() && installed.outdated().is_empty());
    assert!(installed.check().unwrap_err().contains("etcd is away"));
    server.heal();
    looked().await;
    assert!(*installed.eligible().borrow());

    down();
    looked().await;
    assert!(*installed.eligible().borrow() && installed.check().is_ok());
    server.heal();
    downgrade(&server);
    looked().await;
    down();
    looked().await;
    assert!(!*installed.eligible().borrow() && installed.check().is_err());
    stop.cancel();
}

#[test]
fn a_fault_names_each_crd_and_what_to_do_once() {
    let lacks = |missing: &[&str]| Standing::Lacks(missing.iter().map(|m| (*m).to_owned()).collect());
    let standings = Standings::from([
        ("a.trimtab.dev", lacks(&["status.a", "status.b"])),
        ("b.trimtab.dev", Standing::Missing),
        ("c.trimtab.dev", Standing::Current),
        ("d.trimtab.dev", Standing::Forbidden("no".to_owned())),
    ]);
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "a.trimtab.dev lacks status.a, status.b, b.trimtab.dev is not installed; Trimtab {version} needs it, and begins \
         and writes nothing before: {APPLY}; no: apply deploy/rbac.yaml"
    );
    assert_eq!(fault(&standings), Some(expected));
    assert_eq!(fault(&Standings::from([("a", Standing::Unread("late".to_owned()))])), None);
}
