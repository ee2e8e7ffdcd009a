import pytest

from textrnn.preprocessing.typography import plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“I don’t know”", '"I don\'t know"'),
        ("I don&apos;t &quot;know&quot; &#39;it&#39; &amp; more", "I don't \"know\" 'it' & more"),
        ("AT&T; R&D &nosuchentity; 3 & 4", "AT&T; R&D &nosuchentity; 3 & 4"),
        ("Wait… or . . . go", "Wait... or ... go"),
        ("ﬁne ＡＢＣ１　ok", "fine ABC1 ok"),
        ("x² ½ 25°C €5 ™", "x² ½ 25°C €5 ™"),
        ("tired — very", "tired - very"),
        ("`quoted´", "'quoted´"),
        ("El niño comió.", "El niño comió."),
        ("你好，世界！", "你好，世界！"),
    ],
)
def test_only_the_dress_of_characters_changes(text, expected):
    assert plain(text) == expected
