"""Standard Chinese: a thing has one name everywhere, and words that readers stumbled over do not come back."""

from __future__ import annotations

import json
import re
from collections import defaultdict

import pytest
from support.environment import ROOT

from stationplan.text.catalogue import catalogue, template_in

BANNED = {
    "场景": "方案配置",
    "情景文件": "方案配置文件",
    "方案文件": "方案配置文件",
    "坐标基准": "坐标系",
    "坐标的坐标系": "坐标系",
    "未声明": "未说明",
    "推演": "方案调整（试算）",
    "当前": "调整后，规划后",
    "场所类型": "依托单位类型",
    "主机类型": "依托单位类型",
    "宿主": "依托单位类型",
    "标准型": "标准站点",
    "流动型": "流动服务站点",
    "延长开放": "延时服务",
    "双15": "15分钟服务圈",
    "搁置": "暂不采用",
    "凭新增": "新增覆盖人数多",
    "取消后的损失": "如不建，减少覆盖人数",
    "次优": "备选点位",
    "稳健": "重复测算入选次数",
    "可信程度": "结果可靠性与数据说明",
    "抽样": "考虑人数误差，重复测算",
    "十次有九次": "考虑人数误差，90%的可能",
    "有位可歇": "可接待人数",
    "目击": "观测点",
    "单元": "网格",
    "格网": "网格",
    "区划": "区县",
    "必选": "必建",
    "禁选": "禁建",
    "至少需要": "新建数量下限",
    "已证明": "在上述限制条件下，没有其他选址方案",
    "未证明": "与最优方案的差距未知",
    "各单位": "各地区",
    "全部单位": "全部地区",
    "№": "序号",
    "万元": "元",
    "告知": "说明",
    "去向": "处理结果",
    "孤岛": "与主路网不连通的零散路段",
    "为什么": "选址理由，未入选原因",
}
"""What may not be said, with what to say instead."""

HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:!?]|[\u4e00-\u9fff]\(|\)[\u4e00-\u9fff]")
"""Chinese next to punctuation of half the width."""

COMMAND_LINE = re.compile(r"`[^`]*`|经度,纬度|西,南,东,北|用户@主机:5432")
"""What people have to type as it stands."""

CONTEXT = re.compile(r"\|[a-z]+$")


@pytest.mark.parametrize("banned", BANNED)
def test_the_catalogue_uses_the_standard_term(banned):
    assert {key: text for key, text in catalogue("zh").items() if banned in text} == {}


def test_templates_and_scripts_hold_no_chinese_of_their_own():
    assets = [*(ROOT / "stationplan/documents/assets").iterdir(), *(ROOT / "stationplan/webmap/assets").iterdir()]
    lines = [
        (path.name, line.strip())
        for path in assets
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"[\u4e00-\u9fff]", line)
    ]
    assert len(assets) > 40
    # Before a page has read its labels it may have to say that the browser, or the map itself, is too old.
    early = ("This browser is too old for the map.", "地图数据版本为")
    assert [name for name, line in lines if not any(text in line for text in early)] == []


def test_punctuation_beside_chinese_has_its_full_width():
    written = {key: COMMAND_LINE.sub("", text) for key, text in catalogue("zh").items()}
    assert {key: text for key, text in written.items() if HALF_WIDTH.search(text)} == {}


def test_a_proof_names_its_conditions():
    proofs = [text for text in catalogue("zh").values() if re.search("没有其他选址方案|没有更优方案|最优$", text)]
    assert len(proofs) > 8
    assert [text for text in proofs if "限制条件下" not in text] == []


def test_labels_that_differ_in_case_or_a_full_stop_alone_agree():
    wordings = defaultdict(set)
    for key, text in catalogue("zh").items():
        if "{" not in key:
            wordings[key.casefold().rstrip(".")].add(text.rstrip("。"))
    assert {key: texts for key, texts in wordings.items() if len(texts) > 1} == {}


def test_a_context_is_given_where_one_word_has_two_meanings_only():
    chinese = catalogue("zh")
    told = [key for key in chinese if CONTEXT.search(key)]
    assert told
    for key in told:
        plain = CONTEXT.sub("", key)
        assert template_in(key, "en") == plain
        assert chinese[key] != chinese.get(plain)


def test_the_catalogue_is_written_in_one_form():
    path = ROOT / "stationplan/text/locale/zh-CN.json"
    assert path.read_text("utf-8") == json.dumps(catalogue("zh"), ensure_ascii=False, indent=1) + "\n"
