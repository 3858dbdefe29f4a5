"""Which column headers mean which field: the one table of names, Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

FIELD_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "code", "cell_id", "site_id", "station_id", "编码", "编号", "代码", "站点编码", "站点编号"),
    "name": ("name", "title", "station_name", "site_name", "名称", "站点名称", "驿站名称", "网点名称"),
    "address": ("address", "addr", "地址", "详细地址", "站点地址"),
    "lon": ("lon", "lng", "long", "longitude", "x", "经度"),
    "lat": ("lat", "latitude", "y", "纬度"),
    "kind": ("kind", "type", "station_type", "类型", "站点类型"),
    "host": ("host", "host_type", "category", "场所类型", "依托单位类型", "主机类型"),
    "hours": ("hours", "opening_hours", "open_hours", "开放时间", "营业时间", "服务时间"),
    "cost": ("cost", "cost_yuan", "费用", "费用(元)", "费用（元）", "建设费用"),
    "population": ("population", "pop", "residents", "人口", "常住人口"),
    "node": ("node_id", "id", "osmid", "节点"),
    "from": ("u", "from", "from_node", "起点"),
    "to": ("v", "to", "to_node", "终点"),
    "highway": ("highway", "class", "道路等级"),
    "length_m": ("length_m", "length", "长度"),
    "speed_kmh": ("speed_kmh", "maxspeed", "速度"),
    "wkt": ("wkt", "geometry", "几何"),
    "jobs": ("jobs", "employment", "岗位", "就业", "就业岗位"),
}
"""Names of each field, compared without case and surrounding space. A scenario's ``columns`` goes before them."""

KIND_NAMES: Mapping[str, str] = {
    "standard": "standard",
    "micro": "micro",
    "mobile": "mobile",
    "标准型": "standard",
    "标准": "standard",
    "微型": "micro",
    "流动型": "mobile",
    "流动": "mobile",
}
"""Words for a station's kind."""


def normalise(header: str) -> str:
    """Return a header as it is compared.

    >>> normalise(" Longitude ")
    'longitude'
    """
    return header.strip().casefold()
