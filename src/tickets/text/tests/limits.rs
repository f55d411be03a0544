use super::super::{
    MAX_CHARACTERS, MAX_DEPTH, MAX_INPUT_BYTES, TextError, check_summary, markdown_to_adf, markdown_to_wiki,
};

fn both(markdown: &str) -> [Result<(), TextError>; 2] {
    [
        markdown_to_adf(markdown).map(drop),
        markdown_to_wiki(markdown).map(drop),
    ]
}

#[test]
fn a_text_of_forty_thousand_characters_is_refused_with_its_size() {
    for refused in both(&"a".repeat(40_000)) {
        assert_eq!(
            refused,
            Err(TextError::TooLarge {
                bytes: 40_000,
                limit: MAX_INPUT_BYTES
            })
        );
    }
}

#[test]
fn a_text_as_long_as_jira_takes_is_converted_whole() {
    let text = "ab cd ".repeat(5_461);
    assert_eq!(text.trim_end().len(), 32_765);
    assert_eq!(both(&text), [Ok(()), Ok(())]);
}

#[test]
fn sizes_are_counted_after_conversion() {
    let stars = "\\*".repeat(10_000);
    assert!(markdown_to_wiki(&stars).is_ok());
    let braces = "{".repeat(17_000);
    assert!(markdown_to_adf(&braces).is_ok());
    let refused = TextError::TooLong {
        characters: 34_000,
        limit: MAX_CHARACTERS,
    };
    assert_eq!(markdown_to_wiki(&braces), Err(refused));
    // A nested list repeats its marks, and each link to a short name its address.
    let images = "![](http://a.example)".repeat(1_500);
    assert!(markdown_to_adf(&images).is_ok());
}

#[test]
fn characters_are_counted_as_jira_counts_them() {
    let text = "🚀".repeat(8_000);
    assert_eq!(both(&text), [Ok(()), Ok(())]);
    assert_eq!(check_summary(&"🚀".repeat(127)), Ok(()));
    let refused = TextError::SummaryTooLong {
        characters: 256,
        limit: 255,
    };
    assert_eq!(check_summary(&"🚀".repeat(128)), Err(refused));
}

#[test]
fn nesting_is_taken_up_to_the_limit_and_refused_beyond() {
    let quotes = |depth: usize| format!("{}x", "> ".repeat(depth));
    let lists = |depth: usize| {
        (0..depth)
            .map(|at| format!("{}- x\n", "  ".repeat(at)))
            .collect::<String>()
    };
    assert_eq!(both(&quotes(MAX_DEPTH)), [Ok(()), Ok(())]);
    assert_eq!(both(&lists(MAX_DEPTH / 2)), [Ok(()), Ok(())]);
    for text in [quotes(MAX_DEPTH + 1), lists(MAX_DEPTH / 2 + 1)] {
        for refused in both(&text) {
            assert_eq!(refused, Err(TextError::TooDeep { limit: MAX_DEPTH }));
        }
    }
}

#[test]
fn hostile_texts_of_the_greatest_size_are_answered_soon() {
    let kinds = [
        "> ", "- ", "* a\n", "[", "![", "*a_", "**a ", "`", "``a`", "<", "<a ", "&", "[a](", "| a ", "~~a ", "\\",
        "![a][", "a**b_c~~", "1. ", "{code}", "(*", "http://a", "    - ", "|-|\n", "[a]: b\n",
    ];
    for kind in kinds {
        let text = kind.repeat(MAX_INPUT_BYTES / kind.len());
        let begun = std::time::Instant::now();
        let answers = both(&text);
        let took = begun.elapsed();
        println!(
            "{kind:?}: {took:?}, {:?}",
            answers.map(|answer| answer.map_err(|error| error.to_string()))
        );
        assert!(took < std::time::Duration::from_secs(20), "{kind:?} took {took:?}");
    }
}

#[test]
fn a_summary_is_one_line_of_at_most_255_characters() {
    assert_eq!(check_summary("Checkout is slow"), Ok(()));
    assert_eq!(check_summary(&"a".repeat(255)), Ok(()));
    for (summary, refused) in [
        (String::new(), TextError::SummaryEmpty),
        (" \t".to_owned(), TextError::SummaryEmpty),
        ("a\nb".to_owned(), TextError::SummaryNotOneLine),
        ("a\u{2028}b".to_owned(), TextError::SummaryNotOneLine),
        ("a\0b".to_owned(), TextError::SummaryNotOneLine),
        (
            "a".repeat(300),
            TextError::SummaryTooLong {
                characters: 300,
                limit: 255,
            },
        ),
    ] {
        assert_eq!(check_summary(&summary), Err(refused));
    }
}

#[test]
fn each_refusal_says_how_much_and_what_to_do() {
    let message = |error: TextError| error.to_string();
    assert_eq!(
        message(TextError::TooLong {
            characters: 34_000,
            limit: MAX_CHARACTERS
        }),
        "the text has 34000 characters once it is converted for Jira, which takes 32767; shorten it, or link to the rest"
    );
    assert_eq!(
        message(TextError::TooDeep { limit: 50 }),
        "lists and quotes are nested more than 50 levels deep; write them flatter"
    );
}
