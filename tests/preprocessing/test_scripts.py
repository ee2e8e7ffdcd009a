import pytest

from textrnn.preprocessing import scripts

SPACED = [
    "",
    "1234 :-) --",
    "The lamp is lit, and the sea was calm.",
    "Лампа горит.",
    "مصباح مضاء",
    "दीपक जल रहा है।",
    "등불이 켜졌다. 바다는 잔잔했다.",
    "大韓民國의 國民은 平和를 사랑한다. 우리는 바다로 갔다. 그리고 집에 돌아왔다.",
    "Đèn đã sáng.",
    'The word "灯" means a lamp, and 东京 is a city.',
    "灯 亮 了 。 海 很 平静 。 我们 回家 。",
]
UNSPACED = {
    "灯亮了。海很平静。": "chinese",
    "王小明\n李华\n张伟": "chinese",
    "白日依山尽 黄河入海流\n欲穷千里目 更上一层楼": "chinese",
    "我用Python写了一个小程序，很好玩": "chinese",
    "ランプがついた。海は静かだった。": "japanese",
    "東京都は日本の首都です。": "japanese",
    "โคมไฟติดแล้ว ทะเลสงบ เรากลับบ้าน": "thai",
    "ໂຄມໄຟເປີດແລ້ວ ທະເລສະຫງົບ": "lao",
    "ភ្លើងបានបើកហើយ សមុទ្រស្ងប់ស្ងាត់": "khmer",
    "မီးခွက်လင်းပြီ ပင်လယ်ကငြိမ်သက်သည်": "burmese",
    "སྒྲོན་མེ་འབར་སོང་།": "tibetan",
}


@pytest.mark.parametrize("text", SPACED)
def test_scripts_with_spaces(text):
    assert scripts.has_spaces(text)
    assert scripts.unspaced_script(text) is None


@pytest.mark.parametrize("text", UNSPACED)
def test_scripts_without_spaces_are_named(text):
    assert not scripts.has_spaces(text)
    assert scripts.unspaced_script(text) == UNSPACED[text]


def test_a_sample_is_the_beginning_of_the_text():
    assert scripts.sample(["abc", "", "def"]) == "abc\n\ndef"
    assert scripts.sample(["abc", "def", "ghi"], max_characters=6) == "abc\nde"
    assert scripts.sample([]) == ""
