"""What the company calls its meetings: ordinary names, and those that break spreadsheets and encodings."""

from __future__ import annotations

SERIES = (
    "{dept}周例会",
    "{dept}晨会",
    "{dept}项目进度会",
    "{dept}双周复盘",
    "{dept}需求评审",
    "{dept}与客户对账会",
    "{dept}培训",
    "{dept}周报沟通",
)

AD_HOC = (
    "临时会议",
    "{name}发起的会议",
    "紧急故障处理",
    "合同条款沟通",
    "客户投诉处理",
    "报价讨论",
    "面试沟通",
    "{partner}技术交流",
    "{partner}商务洽谈",
    "发货计划确认",
    "预算调整",
    "版本上线评审",
    "",
)

NIGHT = ("夜间割接", "海外客户沟通", "应急值守", "上线支持")

ALL_HANDS = ("全员大会", "季度经营分析会", "安全生产动员会")

NASTY = (
    "=1+1",
    '=HYPERLINK("http://example.invalid","点我")',
    "@SUM(A1:A9)",
    "+86 沟通会",
    "-2+3 号楼协调",
    "＝1＋1 全角",
    "\t制表符开头",
    "销售,市场,研发 联合会",
    '他说"好"的会',
    "第一行\n第二行",
    "回车\r\n换行",
    "🎉 年会 👨‍👩‍👧",
    "龘靐齉㐀𠮷𪚥 评审",
    "〇八年项目",
    "反斜杠 \\n 与 \\u4e00",
    "<script>alert(1)</script>",
    "'; DROP TABLE meetings; --",
    '{"meid":"不是记录"}',
    "],[",
    "null",
    "  前后空格  ",
    "行分隔\u2028符\u00a0与\u3000空格",
    "很长的名字" * 40,
)
"""Each has to come out at the other end as it went in."""
