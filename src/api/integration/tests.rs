#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use serde_json::{Value, json, to_value};

use super::*;
use crate::api::crd;

#[test]
fn intervals_are_read_as_the_api_server_reads_them() {
    let seconds = |text| parse_interval(text).map(|d| d.as_secs());
    assert_eq!(seconds("5m"), Some(300));
    assert_eq!(seconds("1h30m"), Some(5400));
    assert_eq!(seconds("90s"), Some(90));
    for bad in ["", "5", "abc", "5s", "48h", "m", "1.5h", "5m ago", "000060s", "PT5M"] {
        assert_eq!(seconds(bad), None, "{bad}");
    }
}

/// The rule of the definition, as the API server would judge it.
fn accepted(text: &str) -> bool {
    let interval = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/syncInterval";
    let schema = to_value(crd::all().first().unwrap())
        .unwrap()
        .pointer(interval)
        .unwrap()
        .clone();
    let longest = schema.get("maxLength").and_then(Value::as_u64).unwrap();
    let fits = u64::try_from(text.len()).unwrap() <= longest;
    fits && kube_cel::Validator::new().validate(&schema, &json!(text), None).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn an_interval_is_read_exactly_where_the_definition_accepts_it(text in "([0-9]{0,6}[hms]?){0,3}|[-+ .0-9hmsdu]{0,6}") {
        prop_assert_eq!(parse_interval(&text).is_some(), accepted(&text), "{:?}", text);
    }
}

#[test]
fn the_default_is_said_once() {
    assert_eq!(
        parse_interval(&default_interval()),
        Some(Duration::from_mins(DEFAULT_MINUTES))
    );
}
