"""Classes of roads in the words of road offices and map makers, as values of OSM's tag ``highway``.

Chinese classes follow OSM's tagging of China: expressways of cities and national roads are ``trunk``, main streets and
provincial roads ``primary``, and so on. A word that is not in the table is not a road class.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from stationplan.domain import FERRY, ROAD_CLASSES

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        word: highway
        for highway, words in {
            "motorway": "高速 高速路 高速公路 国家高速 省级高速 国家高速公路 省级高速公路 绕城高速",
            "motorway_link": "匝道 高速匝道 立交匝道 互通匝道",
            "trunk": "快速路 城市快速路 快速道路 快速干道 快速通道 国道 普通国道 一级公路 一级路",
            "primary": "主干路 主干道 城市主干路 城市主干道 主要道路 主路 省道 普通省道 二级公路 二级路",
            "secondary": "次干路 次干道 城市次干路 城市次干道 次要道路 县道 三级公路 三级路",
            "tertiary": "支路 支道 支线 城市支路 乡道 乡镇道路 四级公路 四级路",
            "unclassified": "村道 乡村道路 农村道路 农村公路 村村通 等外公路 等外路 辅路 辅道",
            "residential": "街道 街坊路 居住区道路 居民区道路 街巷",
            "living_street": "巷 小巷 巷道 巷子 里弄 弄 弄堂 胡同 背街小巷",
            "service": "小区路 小区道路 小区内部路 内部道路 内部路 厂区道路 园区道路 校园道路 停车场道路 "
            "专用公路 专用道路",
            "road": "道路 其他 其它 其他道路 其它道路 其他路 未分类 未定级",
            "pedestrian": "步行街 步行路 商业步行街 步行街道",
            "footway": "人行道 人行路 人行步道 步道 步行道 健身步道 人行横道 人行天桥 过街天桥 人行地道 "
            "地下通道 人行通道 慢行道",
            "cycleway": "自行车道 非机动车道 自行车专用道 自行车专用路 骑行道",
            "path": "小路 小径 便道 山路 绿道",
            "steps": "台阶 阶梯 梯道 楼梯 石阶",
            "track": "机耕路 机耕道 田间道 田间路 林道 土路 大车路 生产路",
            FERRY: "轮渡 渡轮 渡口 轮渡线 轮渡航线 渡线 航线",
        }.items()
        for word in words.split()
    }
)
"""The class of each Chinese word."""

_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]|【.*?】")
_KNOWN = frozenset(ROAD_CLASSES)


def road_class(text: str) -> str:
    """Return a class as values of OSM's tag, several separated by ``;``; a word that is not known is returned as it is.

    >>> road_class("主干路"), road_class("次干路;支路"), road_class("Residential"), road_class("河道")
    ('primary', 'secondary;tertiary', 'residential', '河道')
    """
    if text in _KNOWN:
        return text
    return ";".join(_one_class(part.strip()) for part in text.split(";"))


def _one_class(word: str) -> str:
    plain = unicodedata.normalize("NFKC", word).casefold().strip()
    if plain in _KNOWN:
        return plain
    bare = _BRACKETS.sub("", plain).replace(" ", "")
    return _WORDS.get(plain, _WORDS.get(bare, word))
