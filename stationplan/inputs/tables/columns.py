"""Column headers and the fields that they denote: the one table of names, Chinese and English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": (
        *("id", "code", "cell_id", "site_id", "station_id", "adcode", "编码", "编号", "代码", "站点编码", "站点编号"),
        *("驿站编号", "网点编码", "区划代码", "行政区划代码"),
    ),
    "name": (
        *("name", "title", "station_name", "site_name", "名称", "站点名称", "驿站名称", "网点名称", "站点", "站名"),
        *("服务站点名称", "驿站", "点位名称", "单位名称"),
    ),
    "address": ("address", "addr", "地址", "详细地址", "站点地址", "驿站地址", "位置", "具体地址", "所在地址"),
    "lon": (
        *("lon", "lng", "long", "longitude", "x", "easting", "lon_wgs84", "lng_gcj02", "lng_bd09"),
        *("经度", "东经", "坐标经度", "东坐标", "横坐标", "x坐标"),
    ),
    "lat": (
        *("lat", "latitude", "y", "northing", "lat_wgs84", "lat_gcj02", "lat_bd09"),
        *("纬度", "北纬", "坐标纬度", "北坐标", "纵坐标", "y坐标"),
    ),
    "lonlat": (
        *("lonlat", "lnglat", "lon,lat", "lng,lat", "longitude,latitude", "location", "coordinates", "坐标", "经纬度"),
        *("经纬度坐标", "经度,纬度", "经度、纬度", "经度/纬度", "经度纬度", "坐标经纬度"),
    ),
    "latlon": (
        *("latlon", "latlng", "lat,lon", "lat,lng", "latitude,longitude", "纬经度", "纬经度坐标"),
        *("纬度,经度", "纬度、经度", "纬度/经度", "纬度经度"),
    ),
    "kind": ("kind", "type", "class", "station_type", "类型", "站点类型", "驿站类型", "类别"),
    "host": ("host", "host_type", "category", "场所类型", "依托单位类型", "主机类型", "依托类型", "建设类型"),
    "area_m2": ("area_m2", "area", "floor_area", "面积", "使用面积", "建筑面积", "站点面积"),
    "hours": ("hours", "opening_hours", "open_hours", "开放时间", "营业时间", "服务时间", "开放时段", "开门时间"),
    "opens": (
        *(
            "opens",
            "open",
            "open_time",
            "opening_time",
            "opens_at",
            "start",
            "start_time",
            "开始时间",
            "开始",
            "开门时间",
        ),
        *("开门", "开放开始时间", "营业开始时间", "开始营业时间", "起始时间", "起", "上班时间", "上班"),
    ),
    "closes": (
        *(
            "closes",
            "close",
            "close_time",
            "closing_time",
            "closes_at",
            "end",
            "end_time",
            "结束时间",
            "结束",
            "关门时间",
        ),
        *(
            "关门",
            "开放结束时间",
            "营业结束时间",
            "结束营业时间",
            "打烊时间",
            "闭馆时间",
            "终止时间",
            "止",
            "下班时间",
            "下班",
        ),
    ),
    "cost": ("cost", "cost_yuan", "费用", "建设费用", "投入", "造价"),
    "capacity": ("capacity", "seats", "服务能力", "容纳人数", "可容纳人数", "座位数", "容量"),
    "population": ("population", "pop", "residents", "人口", "常住人口"),
    "jobs": ("jobs", "employment", "岗位", "就业", "就业岗位"),
    "count": ("count", "workers", "observed", "人数", "观测人数", "数量"),
    "group": ("group", "worker_group", "群体", "人群", "工种"),
    "slot": ("slot", "time_slot", "时段", "时间段"),
    "node": ("node_id", "id", "osmid", "节点"),
    "from": ("u", "from", "from_node", "起点"),
    "to": ("v", "to", "to_node", "终点"),
    "highway": ("highway", "class", "道路等级"),
    "length_m": ("length_m", "length", "长度"),
    "speed_kmh": ("speed_kmh", "maxspeed", "速度"),
    "wkt": ("wkt", "geometry", "几何"),
}

FIELD_NAMES: Mapping[str, tuple[str, ...]] = {
    field: (*names, *(name.replace("_", " ") for name in names if "_" in name)) for field, names in _NAMES.items()
}
"""Names of each field, compared after :func:`normalise`; words may be joined by an underscore or a space.

A scenario's ``[columns]`` adds names, and the ``columns`` of a table take precedence over all of them.
"""

_STATION = (
    "",
    "型",
    "站",
    "点",
    "站点",
    "驿站",
    "型站",
    "型站点",
    "型驿站",
    "服务站",
    "服务点",
    "服务站点",
    "服务驿站",
)
"""Endings of the Chinese words for a kind of station."""


def _kind_words(kind: str, *chinese: str) -> dict[str, str]:
    """Return the words for a kind: its name, each Chinese beginning with each ending, and English words."""
    named = [kind, *(word + end for word in chinese for end in _STATION)]
    return dict.fromkeys((*named, *(kind + end for end in ("station", "reststation", "site"))), kind)


KIND_NAMES: Mapping[str, str] = {
    **_kind_words("standard", "标准"),
    **_kind_words("micro", "微型", "微"),
    **_kind_words("mobile", "流动", "移动"),
    **dict.fromkeys((name + car for name in ("流动", "移动") for car in ("车", "服务车", "驿站车")), "mobile"),
}
"""Words for the kinds of stations, after :func:`normalise`; the words that our own exports write are among them."""

KIND_SHOWN = ("standard", "micro", "mobile", "标准站点", "微型站点", "流动服务站点")
"""The words for the kinds of stations that a fault suggests."""

_NOTE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")


def normalise(header: str) -> str:
    """Return a header or word normalised for comparison: without case, width, spaces, asterisks, and units in brackets.

    >>> normalise(" Longitude "), normalise("*经度（°E）"), normalise("费 用(元)")
    ('longitude', '经度', '费用')
    """
    text = unicodedata.normalize("NFKC", header).casefold()
    bare = re.sub(r"[\s*:]+", "", _NOTE.sub("", text))
    return bare or re.sub(r"[\s*:]+", "", text)


def with_names(added: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return the table of names, with the names that a scenario adds.

    >>> with_names({"name": ["点位"]})["name"][-1]
    '点位'
    """
    return {field: (*names, *added.get(field, ())) for field, names in FIELD_NAMES.items()}


_OBVIOUS: Mapping[str, tuple[str, ...]] = {
    "cost": ("费用", "投入", "造价", "投资", "预算", "金额", "cost", "budget"),
    "hours": ("开放时", "营业时", "服务时", "时段", "opening"),
    "lon": ("经度", "东经", "longitude"),
    "lat": ("纬度", "北纬", "latitude"),
    "lonlat": ("坐标", "经纬"),
    "id": ("序号", "编号", "编码", "代码"),
    "capacity": ("容纳", "服务能力", "座位", "容量", "capacity"),
    "area_m2": ("面积",),
    "host": ("依托", "场所类"),
    "population": ("人口", "population"),
    "jobs": ("就业", "岗位", "employment"),
    "address": ("地址", "address"),
}
"""Words in a header that show what a column probably holds."""


def look_alike(header: str, missing: Sequence[str], *, placed: bool = False) -> str:
    """Return the field, of those that a table lacks, that a header most probably denotes; empty if there is none.

    ``placed``: the table has coordinates in another form. The longest word that occurs decides.

    >>> look_alike("预计投入（万元）", ["cost", "hours"]), look_alike("备注", ["cost"])
    ('cost', '')
    """
    text = normalise(header)
    fields = [field for field in missing if not (placed and field in {"lon", "lat", "lonlat", "latlon"})]
    found = [(len(word), field) for field in fields for word in _OBVIOUS.get(field, ()) if word in text]
    return max(found, key=lambda item: item[0])[1] if found else ""
