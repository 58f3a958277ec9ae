//! Rules of a PriceBook.

use super::Case;

pub const BOOK: &[Case] = &[
    (
        "either hourly, or both",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: m5.large, hourly: '0.1'}]}",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: m5.large, cpuCoreHourly: '0.1'}]}",
    ),
    (
        "either hourly, or both",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: t, cpuCoreHourly: '0.1', memoryGibHourly: '0.1'}]}",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: t, hourly: '1', cpuCoreHourly: '0.1', memoryGibHourly: '0.1'}]}",
    ),
    (
        "exactly one of nodeSelector",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, nodeSelector: {matchLabels: {rack: a}}, hourly: '0.1'}]}",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, hourly: '0.1'}]}",
    ),
    (
        "an empty selector selects nothing",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, nodeSelector: {matchLabels: {rack: a}}, hourly: '0.1'}]}",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, nodeSelector: {}, hourly: '0.1'}]}",
    ),
    (
        "operators In and NotIn require values",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, nodeSelector: {matchExpressions: [{key: gpu, operator: Exists}]}, hourly: '1'}]}",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, nodeSelector: {matchExpressions: [{key: gpu, operator: In}]}, hourly: '1'}]}",
    ),
    (
        "a price is zero",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: t, hourly: '0', free: true}]}",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: t, hourly: '0.000'}]}",
    ),
    (
        "a price is zero",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: t, cpuCoreHourly: '0.000000001', memoryGibHourly: '0.1'}]}",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: t, cpuCoreHourly: '0.1', memoryGibHourly: '0'}]}",
    ),
    (
        "free: true requires a price of zero",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: t, cpuCoreHourly: '0.1', memoryGibHourly: '0', free: true}]}",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: t, hourly: '0.1', free: true}]}",
    ),
    (
        "default prices must be above zero",
        "{source: s, asOf: '2026-07-20', default: {cpuCoreHourly: '0.03', memoryGibHourly: '0.004'}}",
        "{source: s, asOf: '2026-07-20', default: {cpuCoreHourly: '0.03', memoryGibHourly: '0'}}",
    ),
];
