//! HTML forms, as far as our pages have them: attributes in quotation marks, one form a page.

/// A form as it stands in the page.
#[derive(Debug)]
pub struct Form {
    pub action: String,
    /// Names and values of its inputs.
    inputs: Vec<(String, String)>,
    buttons: Vec<Tag>,
}

impl Form {
    /// The form of this page, if it has one.
    pub fn of(page: &str) -> Option<Self> {
        let tags: Vec<_> = page.split('<').skip(1).filter_map(Tag::parse).collect();
        let form = tags.iter().find(|tag| tag.name == "form")?;
        assert_eq!(form.attribute("method"), Some("post"));
        let inputs = tags.iter().filter(|tag| tag.name == "input");
        let inputs = inputs.map(|input| {
            let name = input.attribute("name").expect("a name");
            let value = input.attribute("value").unwrap_or_default();
            (name.to_owned(), value.to_owned())
        });
        Some(Self {
            action: form.attribute("action").expect("a target").to_owned(),
            inputs: inputs.collect(),
            buttons: tags
                .into_iter()
                .filter(|tag| tag.name == "button")
                .collect(),
        })
    }

    pub fn has_button(&self, id: &str) -> bool {
        self.button(id).is_some()
    }

    fn button(&self, id: &str) -> Option<&Tag> {
        let mut buttons = self.buttons.iter();
        buttons.find(|button| button.attribute("id") == Some(id))
    }

    /// What is sent if these inputs are filled in and the button with this identifier is pressed.
    pub fn pressed(&self, button: &str, fields: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut inputs = self.inputs.clone();
        for (name, value) in fields {
            let input = inputs.iter_mut().find(|(input, _)| input == name);
            let input = input.unwrap_or_else(|| panic!("no input {name}"));
            (*value).clone_into(&mut input.1);
        }
        let button = self.button(button);
        let button = button.unwrap_or_else(|| panic!("no such button: {self:?}"));
        if let Some(name) = button.attribute("name") {
            let value = button.attribute("value").unwrap_or_default();
            inputs.push((name.to_owned(), value.to_owned()));
        }
        inputs
    }
}

/// An opening tag.
#[derive(Debug)]
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    /// Of what follows `<`. None: it closes something.
    fn parse(text: &str) -> Option<Self> {
        let is_name = |character: &char| character.is_ascii_alphanumeric();
        let name: String = text.chars().take_while(is_name).collect();
        let mut rest = text.get(name.len()..).filter(|_| !name.is_empty())?;
        let mut attributes = Vec::new();
        while let Some((before, after)) = rest.split_once("=\"") {
            let mut words = before.rsplit(|character: char| character.is_ascii_whitespace());
            let (value, next) = after.split_once('"').expect("a closing quotation mark");
            attributes.push((words.next().unwrap().to_owned(), unescaped(value)));
            rest = next;
        }
        Some(Self { name, attributes })
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let attribute = attributes.find(|(attribute, _)| attribute == name);
        attribute.map(|(_, value)| value.as_str())
    }
}

fn unescaped(text: &str) -> String {
    let characters = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&amp;", "&"),
    ];
    characters
        .iter()
        .fold(text.to_owned(), |text, (name, character)| {
            text.replace(name, character)
        })
}

#[test]
fn a_form_sends_what_is_filled_in_and_the_button_that_is_pressed() {
    let form = Form::of(
        r#"<form method="post" action="/consent?a=1&amp;b=2"><input type="hidden" name="csrf" value="&lt;x&gt;">
           <input id="name" name="name" required><button id="yes" name="decision" value="approve">Yes</button>
           <button id="no" name="decision" value="deny">No</button></form>"#,
    )
    .unwrap();
    assert_eq!(form.action, "/consent?a=1&b=2");
    let sent = form.pressed("no", &[("name", "me")]);
    let sent: Vec<_> = sent
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(
        sent,
        [("csrf", "<x>"), ("name", "me"), ("decision", "deny")]
    );
}
