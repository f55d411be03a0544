//! The program: prints the CustomResourceDefinitions.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (_, yaml) in jira_operator::api::crd::documents()? {
        println!("---\n{yaml}");
    }
    Ok(())
}
