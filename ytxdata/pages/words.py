"""What the HTML report says, in both languages."""

from __future__ import annotations

from ytxdata.labels import Text

LANGUAGES = {"zh": "中文", "en": "English"}
LANGUAGE = Text("语言", "language")
TITLE = Text("会议用量报告", "Meeting usage report")
SKIP = Text("跳到正文", "Skip to the report")
CONTENTS = Text("目录", "Contents")
COMPLETE = Text("数据有多完整", "How complete the data is")
FIGURES = Text("关键数字", "Key figures")
EXCLUDED = Text("未计入", "Left out")
LEFT_OUT = Text(
    '<li>{what}：{count}<span class="quiet">（{where}）</span></li>\n',
    '<li>{what}: {count} <span class="quiet">({where})</span></li>\n',
)
NOTHING_EXCLUDED = Text("没有遗漏任何记录。", "Nothing was left out.")
DEFINITIONS = Text("口径", "Definitions")
ABOUT = Text("关于本报告", "About this report")
EMPTY = Text("此期间没有会议", "no meetings in this period")
COMPARED = Text(
    "与等长的上一期间相比：{zh}，其数据", "Compared with the period of equal length before, {en}, whose data is"
)
CAUTION = Text("上一期间的数据有缺口，变化可能只是数据缺失。", "The earlier data has a gap: a change may be nothing but missing data.")  # fmt: skip
NOT_COMPARED = Text("没有指定起点，因此不与上一期间比较。", "No beginning was given, so there is no period before to compare with.")  # fmt: skip
BEFORE = Text("上期 {value}", "before: {value}")
NO_CHANGE = Text("无法比较", "not comparable")
PICTURE = Text("图：", "Picture: ")
AS_TABLE = Text("以表格显示", "Show as a table")
LISTED = Text("、", ", ")
ORIGIN = Text("来源：{origin}", "Origin: {origin}")
PERIOD = Text("期间：", "Period: ")
SPAN = Text("{start} 至 {end}（不含）", "{start} to {end} (not included)")
ZONE = Text("时间均为北京时间（{zone}）", "all times are Beijing time ({zone})")
MADE = Text("制表：{when}（{zone}），ytxdata {version}", "Made {when} ({zone}) with ytxdata {version}")
FILES = Text(
    "完整的行见同时写出的 CSV 或 Excel 文件；每个数字都可用 ytxdata explain 追到组成它的记录。",
    "All rows stand in the CSV or Excel files of the same run; ytxdata explain leads from any number to the records it was made of.",
)
