//! Helm as devkit builds and calls it: renders with values, for the right Kubernetes, and says what it refuses.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use devkit::helm::{Error, Helm};
use serde_json::json;

#[tokio::test]
async fn renders_a_chart_and_says_what_it_refuses() {
    let helm = Helm::find_or_build().await.unwrap();
    let chart = std::env::temp_dir().join(format!("chart-{:08x}", rand::random::<u32>()));
    write_chart(&chart);

    let values = json!({ "greeting": "hello, world", "list": [1, 2] });
    let rendered = helm.template(&chart, "mine", "place", &values).await.unwrap();
    assert!(rendered.contains("text: \"mine in place: hello, world\""), "{rendered}");
    assert!(helm.lint(&chart, &values).await.is_ok());

    let Err(Error::Refused { message, .. }) = helm.template(&chart, "mine", "place", &json!({})).await else {
        panic!("a chart can refuse its values");
    };
    assert!(message.contains("greeting is required"), "{message}");
    fs::remove_dir_all(chart).unwrap();
}

fn write_chart(folder: &Path) {
    fs::create_dir_all(folder.join("templates")).unwrap();
    let about =
        "apiVersion: v2\nname: small\nversion: 0.1.0\nkubeVersion: '>=1.30.0-0'\nicon: https://example.com/i.png\n";
    fs::write(folder.join("Chart.yaml"), about).unwrap();
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: small\ndata:\n  text: \"{{ .Release.Name }} in {{ .Release.Namespace }}: {{ required \"greeting is required\" .Values.greeting }}\"\n";
    fs::write(folder.join("templates/map.yaml"), template).unwrap();
}
