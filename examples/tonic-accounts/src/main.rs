//! Makes every call and prints what became of it. Exit status 1 means that some call was not judged as it should be.

use std::error::Error;
use std::process::ExitCode;

use example_tonic_accounts::cases::CASES;
use example_tonic_accounts::scene::Scene;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let scene = Scene::start().await?;
    let mut right = 0_usize;
    for case in CASES {
        let outcome = case.run(&scene).await?;
        let verdict = if case.expected.is(&outcome) {
            right = right.saturating_add(1);
            ""
        } else {
            "  WRONG"
        };
        print!("{}{verdict}\n{outcome}", case.sent);
    }
    println!("\n{right} of {} judged rightly", CASES.len());
    Ok(if right == CASES.len() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
