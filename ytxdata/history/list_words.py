"""What a list says in words beside its lines: of what it is, when and by whom it was made, how it counts. All else is
told, for nobody here knows whether it leaves a meeting out.
"""

from __future__ import annotations

import re

from ytxdata.labels import plain_words

OF_OTHERS = re.compile(
    r"税|费|租金|[额价元]|押金|定金|保证金|利息|参会[人者方]|人员|成员|字段|录[音像制]|音频|纪要|转写|字幕|短信|邮件|手机|号码?|姓名|昵称|名称|主题|头像|附件|图片|地址|链接|条款|说明|备注|信息|签[名字]"
    r"|小数|末位|时长|内容|\b(?:vat|tax(?:es)?|fees?|charges?|charged|billed|amounts?|prices?|names?|numbers?|recordings?|titles?|topics?|texts?)\b",
    re.IGNORECASE,
)
"""What is no meeting: that it is left out leaves none out."""
OF_MEETINGS = re.compile(
    r"会议(?!室|费|录|纪|主题|名称|编?号|时长|信息|内容|链接|材料|结束|开始)|(?<=[\u4e00-\u9fff])会(?=除|不|未|另|$)|(?<!市)场|(?<!银)行|[条笔]|通话(?!费)|话单(?!金)"
    r"|\b(?:meetings?|conferences?|calls?)\b",
    re.IGNORECASE,
)

_LABELS = (
    r"(?!.*(?:主持|发起|创建|参会|与会|部门|会议室|状态|主题|关键|筛选|过滤|范围|[仅只不未没非除另缺漏]))(?:[^\W\d_]{0,8}?(?:人员?|[员商方号码级称址真箱编者章头理价]|时间|日期|周期|格式|方式|账户|支持|单位|电话|热线|名|行|币种|货币|来源|地点|版本))"
    r"|(?:账单|发票)状态|(?:统计|编制|主办|经办|制表|填报)部门"
    r"|制[表单]|填[表报]|打印|审[核批]|复[核查]|核对|批准|经办|出纳|会计|主管|财务|签[名字章]|[盖公]章|抄送|致"
    r"|(?:app|account|customer|user|invoice|order|request|trace|contract|company|file|report|bill)[ _-]?(?:sid|id|no\.?|number|name)|account|customer|company|client|vendor"
    r"|supplier|contact|tel|phone|fax|e-?mail|address|currency|time ?zone|locale|lang(?:uage)?|unit|version|(?:sort(?:ed)?|order(?:ed)?)(?: by)?|format|token|sign(?:ature)?"
    r"|(?:prepared|approved|printed|generated|exported|created|checked|issued|signed|powered) (?:by|for)|bill to|author|operator|path|ur[il]|host|message id|nonce"
)
_LABELLED = re.compile(
    rf"(?:^|(?<=[\n,;。(]))[^\w\n]{{0,3}}(?:{_LABELS})(?:\s*[\n:]|(?<=[人员y号称]) )[^\n,;。]*",
    re.MULTILINE | re.IGNORECASE,
)
"""A name, a number or an address of somebody: whatever it is."""
_COMPANY = re.compile(
    r"(?:(?!会议|部门|主持|[的除不未仅只])[\w·&]){0,24}?(?:公司|集团|银行|大学|医院|学院|研究院|事务所|协会)(?:[^\W\d]{1,8}(?:[部处室科]|中心)$)?"
    r"|(?:(?![的除不未仅只部])[\w·]){1,12}?(?:平台|系统)"
    r"|\w{1,8}[省市区县]\w{0,12}(?:路|街|大道)\w{0,8}|[\w·-]*\.(?:csv|xlsx?|pdf|json)\b"
    r"|\b[\w&. ]{2,40}?\b(?:ltd|inc|llc|gmbh|corporation|limited)\b\.?",
    re.MULTILINE,
)
_KNOWN_ZH = (
    "会议 多方 网络 电话 语音 通话 话费 通信 接入 连接 参会 与会 人次 人数 人员 主叫 被叫 对方 号码 清单 明细 列表 详单 账单 对账单 结算单 话单 报表 月报 年报 日报 周报 "
    "月份 记录 数据 统计 汇总 总览 概览 概况 报告 一览 信息 情况 使用 用量 消费 费用 金额 价税 单价 资费 计费 规则 周期 标准 导出 结果 历史 控制台 平台 系统 后台 "
    "自动 生成 产生 出具 提供 打印 制表 制作 下载 查询 检索 日期 时间 时刻 期间 账期 时段 范围 区间 起止 开始 结束 截止 截至 本月 当月 本期 上期 年度 季度 月度 "
    "全年 全月 星期 小时 分钟 时长 上午 下午 合计 总计 小计 总共 共计 总数 总 数 共 有 计 场次 场数 次数 条数 行数 数量 当前 本页 显示 以上 以下 如下 上述 均 为 以 "
    "的 是 由 与 和 及 按 各 所有 全部 本 其中 空白 正文 完毕 完 无 谢谢 感谢 您 贵 我 司 公司 对 服务 支持 信任 合作 特此 证明 确认 敬请 核对 查收 请 如有 疑问 问题 "
    "异议 差异 联系 致电 咨询 客服 及时 工作日 内 于 反馈 逾期 视为 无误 为准 仅供参考 仅供内部使用 内部资料 机密 保密 请勿外传 北京时间 东八区 时区 不含税 含税 未税 税率 "
    "税额 税 增值税 专用 普通 发票 价 单位 元 人民币 币 四舍五入 保留 两位 小数 取整 不足 计算 计收 盖章 公章 签字 签名 专用章 财务 章 附注 备注 说明 提示 温馨 注意 声明 "
    "付款 缴费 期限 筛选 条件 最多 没有更多 值 制单 审核 批准 复核 经办 尊敬 不作为 管理 用户中心 个人中心 上一页 下一页 首页 联 按 升序 降序 排列 排序 注 大写 小写 整 余额 应付 应收 实付 实收 客户 用户 账户 账号 编号 名称 项目 数值 指标 字段 内容 序号 类型 类别 状态 部门 平均 均值 日均 月均 累计 最长 最短 最大 最小 "
    "预约 即时 正常 成功 操作 完成 自 至 到 从 起 止 年 月 日 号 时 分 秒 点 周 天 个 场 次 条 行 笔 页 第 每 单 表 书 份 召开 举行 开会 召 开 举办 上 了 线 电 "
    "详情 一式 电子 无需 无须 解释权 归 收到 后 前 经 最后 最终 离会 入会 退会 相关 业务 版权 所述 内容 真实 有效 准确 完整 无异议 妥善 保管 保存 留存 存档 回复 通讯 欢迎 祝 愉快 感谢您 信赖 尾 首 备查 用途 用于 报销 凭证 依据 参考 邮件 来电 工作 更新 产品 办公 中国 版本 文件 附表 "
    "一 二 三 四 五 六 七 八 九 十 百 千 万 零 两 壹 贰 叁 肆 伍 陆 柒 捌 玖 拾 佰 仟 圆 角 "
)
_KNOWN_EN = (
    r"meetings? conferences? calls? tele(?:phone)? audio voice lists? reports? details? statements? bills? billing invoices? records? history usage summary overview data "
    r"export(?:ed)? print(?:ed)? generated created prepared issued dates? times? period range months? monthly weekly yearly annual quarter q\d years? days? weeks? from to until till "
    r"for of the an? and or in on at by as is are was were there all totals? sub sum count number no pages? rows? lines? entr(?:y|ies) items? results? found per jan\w* feb\w* mar\w* apr\w* may june? july? "
    r"aug\w* sep\w* oct\w* nov\w* dec\w* mon\w* tue\w* wed\w* thu\w* fri\w* sat\w* sun\w* utc gmt cst beijing am pm thanks? you your our we us please contact questions? any if end begin(?:ning)? "
    r"start stop duration min(?:ute)?s? sec(?:ond)?s? hours? costs? amounts? fees? charges? prices? rate currency cny rmb yuan vat tax notes? remarks? information header admin(?:istrator)? "
    r"users? system console platforms? services? customers? accounts? company confidential sheet success(?:ful(?:ly)?)? ok true false null none held been have attendees participants people average "
    r"size code status message msg showing filtered this computer contains? internal\suse(?:\sonly)? requires? signature detailed shown file version issue due paid payable balance payment method terms document electronic valid copy copyright reserved rights refer(?:ence)? see with our team support usage log sessions? query param(?:eter)?s? filter "
)
_KNOWN = re.compile(
    "|".join(sorted(_KNOWN_ZH.split(), key=len, reverse=True))
    + rf"|\b(?:{'|'.join(_KNOWN_EN.split())})(?![a-z])|[\w.+-]+@[\w.-]+|https?:\S+"
)
_LONGEST_NOTE = 300
_A_WORD = re.compile(r"[\u4e00-\u9fff]|[a-z]{3}")
_OF_PAPERS = re.compile(
    rf"{OF_OTHERS.pattern}|账单|[签盖]|印章|排[序列]|尊敬|时间|时刻|日期|期间|精确|单位|付款|缴|扣款|异议|热线|客服|保管|数字|凭证|您|谢"
    r"|\b(?:times?|dates?|currency|account|rounded|sort(?:ed)?|signature|reply|payment|contact|you|your|customer)\b",
    re.IGNORECASE,
)
_OF_LIST = re.compile(
    rf"{OF_MEETINGS.pattern}|清单|明细|列表|名单|数据|记录|部|主持|发起|创建|类型|状态|[内外]|视频|录制|附[件表]|[仅只不未没非除另缺漏余少]"
    r"|\b(?:only|not?|without|list|records?|data|department|host|type|status)\b",
    re.IGNORECASE,
)
"""What a text is about that can leave no meeting out, and what one that does hardly lacks."""


def other_words(text: str) -> list[str]:
    """Return what a text beside the lines of a list says that is anything but what such texts usually say: of what it
    is, when and by whom it was made, how it counts. What it means nobody knows here, so it is told.

    Examples
    --------
    >>> other_words("2026年3月会议使用明细表\\n制表人：张三\\n某某公司行政部\\nEnd of report\\n第1/1页")
    []
    >>> other_words("市场部会议清单\\n导出时间：2026-04-01\\nOnly the board\\n会议清单（部分）")
    ['市场部会议清单', 'Only the board', '会议清单(部分)']
    """
    lines = plain_words(text).split("\n")
    long = [one for one in lines if len(one) > _LONGEST_NOTE]  # no title is: it is told unread
    clauses = _LABELLED.sub("\n", "\n".join(one for one in lines if len(one) <= _LONGEST_NOTE)).split("\n")
    known = (_KNOWN.sub(" ", _COMPANY.sub(" ", one.casefold())) for one in clauses)
    told = [one.strip() for one, rest in zip(clauses, known, strict=True) if _A_WORD.search(rest)]
    return [one for one in told if _OF_LIST.search(one) or not _OF_PAPERS.search(one)] + long
