"""Formulas are kept once, as text."""

import pytest

from aggregator.gather.cleaning.html import clean_html

TEX = '<annotation encoding="application/x-tex">e^t</annotation>'
MATH = f"<math><semantics><msup><mi>e</mi><mi>t</mi></msup>{TEX}</semantics></math>"
CASES = {
    "signs on a line": ("<math><msup><mi>e</mi><mi>t</mi></msup></math>", "e<sup>t</sup>"),
    "alternative text": ('<math alttext="E = mc^2"><mi>E</mi></math>', "E = mc^2"),
    "annotation": (MATH, "e^t"),
    "fraction": ("<math><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac></math>", "(a+b)/2"),
    "root": ("<math><msqrt><mi>x</mi></msqrt></math>", "√x"),
    "sum": ("<math><munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover></math>", "∑<sub>i</sub><sup>n</sup>"),
    "table": ("<math><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr></mtable></math>", "1, 2"),
    "brackets": ("<math><mfenced open='['><mi>a</mi><mi>b</mi></mfenced></math>", "[a, b)"),
    "less than": ("<math><mi>a</mi><mo>&lt;</mo><mi>b</mi></math>", "a&lt;b"),
    "katex": (f'<span class="katex"><span class="katex-mathml">{MATH}</span><span class="katex-html">et</span></span>', "<span><span>e^t</span></span>"),
    "katex without its formula": ('<span class="katex-html">et</span>', "<span>et</span>"),
    "mathjax 2": ('<span class="MathJax_Preview">E</span><span class="MathJax">Emc2</span><script type="math/tex">E=mc^2</script>', "E=mc^2"),
    "mathjax 2, assisted": (f'<span class="MathJax"><span>et</span><span class="MJX_Assistive_MathML">{MATH}</span></span>', "e^t"),
    "mathjax 2, in an attribute": ('<span class="MathJax" data-mathml="&lt;math&gt;&lt;mi&gt;k&lt;/mi&gt;&lt;/math&gt;">x</span>', "k"),
    "mathjax 3": (f'<mjx-container><mjx-math aria-hidden="true"></mjx-math><mjx-assistive-mml>{MATH}</mjx-assistive-mml></mjx-container>', "e^t"),
    "mathjax 3, glyphs alone": ('<mjx-container><mjx-c class="mjx-c1D452 TEX-I"></mjx-c><mjx-c class="mjx-c3D"></mjx-c></mjx-container>', "e="),
    "waits for a script": ('<script type="math/tex; mode=display">x_1</script>', "x_1"),
}  # fmt: skip


@pytest.mark.parametrize(("html", "wanted"), CASES.values(), ids=CASES)
def test_formula(html: str, wanted: str) -> None:
    made = clean_html(f"<p>It follows {html}, so it grows.</p>")
    assert made == f"<p>It follows {wanted}, so it grows.</p>"
    assert clean_html(made) == made


def test_a_formula_beside_blocks_is_a_block() -> None:
    html = "<p>a</p><math><mi>x</mi></math><p>b</p>"
    assert clean_html(html) == "<p>a</p><p>x</p><p>b</p>"


def test_depth_is_bounded() -> None:
    assert clean_html("<p>a</p><math>" + "<mrow>" * 90 + "<mi>x</mi>" + "</mrow>" * 90 + "</math>")
