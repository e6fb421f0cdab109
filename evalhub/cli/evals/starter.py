"""The files of a first suite: an application, its questions, what must hold."""

import json

__all__ = ["starter_files"]

_SUITE = """\
# All keys: docs/suites.md. Is the file right? evalhub eval check suite.yaml
name: support-bot
dataset: {path: questions.jsonl, id: id, inputs: [question], reference: expected}
slices: [topic]
targets:
  bot: {function: app:answer}
  # A prompt in place of the function, for the embedded model or for a hosted one:
  # bot: {model: local, template: "Answer in one sentence: {question}", max_tokens: 60}
  # bot: {model: gpt-4.1-mini, template: "Answer in one sentence: {question}", max_tokens: 60}
metrics:
  - {metric: contains, label: answered}
  - words
baseline: {branch: main}
gates:
  - {metric: answered, at_least: 0.6}
  - {metric: answered, not_worse_than: baseline-run, margin: 0.1}
  - {metric: error_rate, at_most: 0.2}
"""

_APP = '''\
"""The application that is evaluated: put a call of your own here."""

ANSWERS = {
    "parcel": "You can track it by the link in our e-mail.",
    "deliver": "Delivery takes three working days.",
    "refund": "Refunds take five working days.",
    "return": "You can return it within 30 days.",
    "invoice": "The invoice is in your account.",
    "password": "Reset it on the sign-in page.",
}


def answer(question: str) -> str:
    """Answer by the first keyword that the question holds."""
    for word, text in ANSWERS.items():
        if word in question.lower():
            return text
    return "Sorry, I do not know."
'''

_QUESTIONS = {
    ("delivery", "track"): (
        "Where is my parcel?",
        "My parcel has not come yet.",
        "Can you find parcel 1187?",
        "The parcel says delivered, but it is not here.",
        "How do I follow my order?",
    ),
    ("delivery", "three working days"): (
        "How long does delivery take?",
        "When will you deliver?",
        "Do you deliver faster than in a week?",
        "Is delivery slower in winter?",
        "How soon can I have it?",
    ),
    ("money", "five working days"): (
        "When do I get my refund?",
        "How long does a refund take?",
        "My refund is late.",
        "Is the refund on its way?",
        "I was promised a refund.",
        "Can I have my money back?",
    ),
    ("money", "account"): (
        "Where do I find my invoice?",
        "I need an invoice for last month.",
        "Please send the invoice again.",
        "My company wants an invoice.",
    ),
    ("returns", "30 days"): (
        "How do I return shoes?",
        "Can I return a gift?",
        "What is your return policy?",
        "Is it too late to return this?",
        "May I send it back?",
    ),
    ("account", "sign-in page"): (
        "I forgot my password.",
        "My password does not work.",
        "How do I change the password?",
        "Is my password safe?",
        "I cannot log in.",
    ),
}
"""By topic and the words that a right answer holds."""


def starter_files() -> dict[str, str]:
    """Return the text of each file of the first suite, by its name."""
    return {"suite.yaml": _SUITE, "questions.jsonl": _questions(), "app.py": _APP}


def _questions() -> str:
    rows = [
        (question, expected, topic)
        for (topic, expected), questions in _QUESTIONS.items()
        for question in questions
    ]
    return "".join(
        json.dumps({"id": f"q{n:02}", "question": question, "expected": expected, "topic": topic})
        + "\n"
        for n, (question, expected, topic) in enumerate(rows, start=1)
    )
