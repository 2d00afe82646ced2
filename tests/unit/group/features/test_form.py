"""The stored form of features: whoever changes it has to say so."""

from hashlib import sha256

from aggregator.group.features import headline_cues, packing

# Of each version that was ever shipped, a digest of how bytes are laid out.
_FORMS = {
    1: "61b797d33673f7ef",
    2: "61b797d33673f7ef",
    3: "3cadfd6c67bb5242",
    4: "5f39641f830fbb3b",
}
# 2: an undated entry has a time; 3: newspaper pages are marked, the language is kept;
# 4: what words mean in English, countries and quantities; stems are keys across languages


def test_another_form_has_another_version() -> None:
    form = repr((packing.HEADER.descr, packing._LISTS, packing.WEIGHT_STEPS, packing.VALUE_STEPS))
    assert sha256(form.encode()).hexdigest()[:16] == _FORMS[packing.VERSION], (
        "features that are stored would be misread: count packing.VERSION up and add its digest"
    )


def test_all_signs_have_room() -> None:
    room = 8 * packing.HEADER["cues"].itemsize
    assert max(int(sign) for sign in headline_cues.Cue) < 1 << room
