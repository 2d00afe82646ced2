"""Grammars of news that is written from a formula: what a kind of bulletin looks like, with slots.

A slot is `{name}`; two of one kind are `{place}` and `{place2}`. Each grammar has a title and a
text; `HELD_OUT` are never learned from. All names are invented or those of places, companies and
clubs that everybody knows; no text is taken from a publisher.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grammar:
    """One formula. `lang` is en, zh-Hans or zh-Hant; the text may be empty."""

    kind: str
    lang: str
    title: str
    text: str = ""


def _read(table: str, lang: str) -> tuple[Grammar, ...]:
    """Read lines `kind | title | text`."""
    rows = (tuple(part.strip() for part in line.split("|")) for line in table.strip().splitlines())
    return tuple(Grammar(kind, lang, title, text) for kind, title, text in rows)


_ENGLISH = """
results | {company} {quarter} net profit {rises} {pct}% to ${amount} million | {company} said on {weekday} its net profit for the {ordinal} quarter {rises} {pct} percent to ${amount} million from a year earlier. Revenue was ${amount2} million.
results | {company} posts {quarter} revenue of ${amount} million, {beats} estimates | {company} reported revenue of ${amount} million for the quarter. Analysts had expected ${amount2} million. Earnings per share were ${small}.
quake | Magnitude {magnitude} earthquake strikes near {place} | An earthquake of magnitude {magnitude} struck {km} km {compass} of {place} at a depth of {depth} km at {clock} local time, the geological survey said. There were no immediate reports of damage.
quake | M {magnitude} - {km} km {compass} of {place} |
weather | {colour} warning of {weather} for {region} | The weather service has issued a {colour} warning of {weather} for {region} from {clock} until {clock2}. Travel may be affected.
police | Police appeal after {crime} in {place} | Police are appealing for witnesses after a {crime} in {street}, {place}, at about {clock} on {weekday}. Anyone with information should call 101 quoting reference {case}.
match | {team} {goals}-{goals2} {team2} | {person} scored as {team} met {team2} at home on {weekday}. {team} stay {place_in_table} in the table.
match | {team} beat {team2} {goals}-{goals2} as {person} scores | {person} found the net in the {minute}th minute as {team} beat {team2} in front of {amount}00 fans.
lottery | {lottery} results: winning numbers for draw {draw} | The winning numbers in {lottery} draw {draw} are {ball}, {ball2}, {ball3}, {ball4} and {ball5}. The jackpot was ${amount} million.
market | {city} stocks close {up} {small}% on {weekday} | The main index in {city} closed {up} {small} percent at {index} points. Turnover was {amount} billion.
price | Petrol price in {city} today: {small} a litre | The price of petrol in {city} is {small} a litre today, diesel costs {small2}.
release | {product} {version} released | {product} {version} is out. It fixes {count} bugs and updates {count2} dependencies. Download it from the project page.
job | {job} at {company} ({place}) | {company} is looking for a {job} in {place}. Salary from {amount}00 a year. Apply by {day} {month}.
toll | {count} dead in {place} {disaster} | At least {count} people were killed and {count2} injured in a {disaster} in {place} on {weekday}, officials said. Rescue work continues.
tender | Tender {case}: {works} in {place} | The council of {place} invites tenders for {works}. Reference {case}. Offers are due by {day} {month}.
daily | {region} reports {amount} new flu cases on {day} {month} | {region} recorded {amount} new cases of influenza and {count} hospital admissions on {day} {month}.
insider | {person} sells {amount},000 shares of {company} | {person}, a director of {company}, sold {amount},000 shares at an average price of ${small} according to a filing.
court | {place} man jailed for {count} years over {crime} | A {age}-year-old man from {place} has been jailed for {count} years for a {crime}. {person} was sentenced at the crown court on {weekday}.
cve | {cve}: {flaw} in {product} | A {flaw} in {product} before {version} allows attackers to run code. It is tracked as {cve}.
"""

_ENGLISH_HELD_OUT = """
traffic | {road} closed after crash near {place} | The {road} is closed in both directions near {place} after a crash involving {count} vehicles at {clock}. Delays of {minute} minutes are expected.
rating | {bank} raises {company} price target to ${amount} | Analysts at {bank} raised their price target on {company} to ${amount} from ${amount2} and kept their rating.
crypto | {coin} price falls {small}% to ${amount} | {coin} fell {small} percent to ${amount} in the past 24 hours, data showed on {weekday}.
obituary | {person}, {profession}, dies aged {age} | {person}, the {profession} from {place}, has died aged {age}, the family said.
air | Air quality in {city}: index at {amount} on {weekday} | The air quality index in {city} stood at {amount} on {weekday} morning, up from {amount2} the day before.
flood | Flood alert issued for {river} at {place} | A flood alert has been issued for the river {river} at {place}. The level was {small} metres at {clock} and is rising.
election | {person} wins {place} by-election with {amount} votes | {person} won the by-election in {place} with {amount} votes, {count} percent of those cast.
"""

_CHINESE = """
results | {company}：{quarter}净利润{amount}亿元，同比{rises}{pct}% | {company}公告，{quarter}实现营业收入{amount2}亿元，同比{rises}{pct2}%；净利润{amount}亿元，同比{rises}{pct}%。
results | {company}发布{quarter}业绩：营收{amount}亿元 | {company}今日发布{quarter}财报，营收{amount}亿元，同比{rises}{pct}%，每股收益{small}元。
quake | {place}发生{magnitude}级地震 | 中国地震台网正式测定：{month}{day}{clock}在{place}发生{magnitude}级地震，震源深度{depth}公里。
weather | {place}发布{weather}{colour}预警 | {place}气象台{clock}发布{weather}{colour}预警信号，预计未来{count}小时内有{weather}，请注意防范。
police | {place}警方通报：{person}涉嫌{crime}被刑拘 | {place}公安局通报，{month}{day}，犯罪嫌疑人{person}（男，{age}岁）因涉嫌{crime}被依法刑事拘留，案件正在进一步侦办中。
match | {team}{goals}比{goals2}战胜{team2} | {weekday}晚，{team}在主场以{goals}比{goals2}战胜{team2}，{person}攻入一球。
lottery | {lottery}第{draw}期开奖结果 | {lottery}第{draw}期开奖号码：{ball} {ball2} {ball3} {ball4} {ball5}。本期销量{amount}万元。
market | {index_name}收盘{up}{small}% 成交{amount}亿元 | 截至收盘，{index_name}{up}{small}%，报{index}点，成交额{amount}亿元。
price | {city}今日92号汽油价格{small}元/升 | {month}{day}，{city}92号汽油{small}元/升，95号汽油{small2}元/升。
release | {product} {version} 版本发布 | {product} {version} 已发布，修复{count}处问题，更新{count2}项依赖，可在项目主页下载。
job | {company}招聘{job}（{city}） | {company}在{city}招聘{job}{count}名，月薪{amount}00元起，{month}{day}前报名。
toll | {place}{disaster}致{count}人死亡 | {month}{day}，{place}发生{disaster}，造成{count}人死亡、{count2}人受伤，救援仍在进行。
tender | {place}{works}招标公告（{case}） | {place}就{works}公开招标，项目编号{case}，投标截止{month}{day}。
daily | {place}{month}{day}新增流感病例{amount}例 | {month}{day}，{place}新增流感病例{amount}例，住院{count}例。
notice | {company}：股东{person}拟减持不超{small}%股份 | {company}公告，股东{person}计划以集中竞价方式减持公司股份不超过{small}%。
notice | {company}：中标{amount}亿元{works}项目 | {company}公告，公司中标{place}{works}项目，中标金额{amount}亿元。
appoint | {person}任{place}市长 | {place}人大常委会{weekday}召开会议，决定任命{person}为{place}市长。
flash | {company}股价涨超{pct}% | {company}盘中拉升，现涨{pct}%，报{small}元，成交额{amount}亿元。
"""

_CHINESE_HELD_OUT = """
margin | {company}获融资买入{amount}万元 | 数据显示，{company}{month}{day}获融资买入额{amount}万元，融资余额{amount2}亿元，占流通市值{small}%。
ipo | {company}递交招股书 拟在{exchange}上市 | {company}向{exchange}递交招股书，拟募资{amount}亿元，保荐人为{bank}。
homes | {city}上周新房成交{amount}套 | 上周{city}新建商品住宅成交{amount}套，环比{rises}{pct}%，均价{amount2}00元。
traffic | {road}{place}段发生车祸 封闭双向车道 | {clock}许，{road}{place}段发生多车相撞事故，双向车道封闭，预计{count}小时后恢复。
typhoon | {place}启动防汛{colour}应急响应 | {place}防汛抗旱指挥部于{clock}启动防汛{colour}应急响应，转移群众{amount}人。
graft | {place}原副市长{person}被查 | {place}原副市长{person}涉嫌严重违纪违法，目前正接受纪律审查和监察调查。
funding | {company}完成{amount}万元{round}融资 | {company}宣布完成{amount}万元{round}融资，由{bank}领投，资金将用于研发。
"""

LEARNED = (
    *_read(_ENGLISH, "en"),
    *_read(_CHINESE, "zh-Hans"),
    *(Grammar(one.kind, "zh-Hant", one.title, one.text) for one in _read(_CHINESE, "")[::3]),
)
HELD_OUT = (
    *_read(_ENGLISH_HELD_OUT, "en"),
    *_read(_CHINESE_HELD_OUT, "zh-Hans"),
    *(
        Grammar(one.kind, "zh-Hant", one.title, one.text)
        for one in _read(_CHINESE_HELD_OUT, "")[::3]
    ),
)

# What fills a slot is one of a list, separated by commas, or made by a function of formulas.py.
ENGLISH_WORDS = {
    "quarter": "Q1,Q2,Q3,Q4,first-half,full-year",
    "rises": "rises,falls,climbs,drops,jumps,slips",
    "beats": "beats,misses,tops,matches",
    "weekday": "Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday",
    "ordinal": "first,second,third,fourth",
    "compass": "N,S,E,W,NNE,SSW,ESE,WNW",
    "colour": "Yellow,Amber,Red",
    "weather": "wind,rain,snow,ice,thunderstorms,fog,heat",
    "region": "the north coast,Lower Saxony,Highland,Wales,Bavaria,Ontario,Queensland,Navarre,Tyrol,Cornwall,Brittany,Sicily,Kerala,Hokkaido,Texas,Ohio,Jalisco,Silesia,Flanders,Kent",
    "crime": "robbery,burglary,assault,stabbing,hit-and-run,fraud,arson attack,car theft",
    "street": "High Street,Station Road,Mill Lane,Church Street,Park Avenue",
    "place_in_table": "second,third,fifth,seventh,ninth",
    "lottery": "Lotto,EuroMillions,Powerball,Mega Millions,Thunderball",
    "up": "up,down,higher,lower",
    "job": "software engineer,nurse,accountant,truck driver,project manager,data analyst,electrician,teacher",
    "month": "January,February,March,April,May,June,July,August,September,October,November,December",
    "disaster": "bus crash,factory fire,landslide,flood,mine explosion,ferry accident,train collision,building collapse",
    "works": "road resurfacing,school roof repairs,street lighting,waste collection,bridge painting",
    "flaw": "buffer overflow,path traversal,use after free,SQL injection,cross-site scripting flaw",
    "bank": "Goldman Sachs,Barclays,UBS,Deutsche Bank,Jefferies,Citi,HSBC,Nomura",
    "coin": "Bitcoin,Ether,Solana,Dogecoin,Litecoin,Cardano",
    "profession": "actor,painter,footballer,novelist,architect,composer,chess master",
    "road": "M1,M6,A38,A9,I-95,Route 66,N7,A1",
    "river": "Severn,Ouse,Trent,Elbe,Weser,Loire,Oder,Tay",
    "city": "London,Tokyo,Paris,Frankfurt,Madrid,Milan,Sydney,Mumbai,Seoul,Toronto,Zurich,Delhi,Karachi,Lagos,Cairo,Jakarta",
}
CHINESE_WORDS = {
    "quarter": "一季度,上半年,三季度,前三季度,年度",
    "rises": "增长,下降,上升,下滑",
    "colour": "蓝色,黄色,橙色,红色",
    "weather": "暴雨,大风,高温,寒潮,大雾,雷电,冰雹,道路结冰",
    "crime": "诈骗,盗窃,故意伤害,寻衅滋事,危险驾驶,非法集资",
    "weekday": "周一,周二,周三,周四,周五,周六,周日",
    "lottery": "双色球,大乐透,七乐彩,福彩3D,排列三",
    "up": "涨,跌,上涨,下跌",
    "index_name": "上证指数,深证成指,创业板指,恒生指数,日经225指数,科创50指数",
    "job": "软件工程师,护士,会计,货车司机,项目经理,数据分析师,电工",
    "disaster": "客车侧翻事故,工厂火灾,山体滑坡,山洪,煤矿透水事故,居民楼坍塌,化工厂爆炸",
    "works": "道路改造,污水处理,绿化养护,校舍维修,照明升级",
    "exchange": "港交所,上交所,深交所,北交所,纳斯达克",
    "bank": "中信证券,国泰君安,红杉中国,高瓴资本,中金公司,华泰证券",
    "road": "京港澳高速,沪昆高速,沈海高速,连霍高速,成渝高速",
    "round": "天使轮,A轮,B轮,C轮,Pre-IPO轮",
    "city": "北京,上海,广州,深圳,杭州,成都,武汉,西安,南京,重庆,青岛,长沙,郑州,沈阳,昆明,厦门",
}
# Words that mean the same where an editor copies a bulletin.
SYNONYMS = {
    "rises": "climbs",
    "falls": "drops",
    "strikes": "hits",
    "released": "is out",
    "appeal": "appeal for information",
    "beat": "defeat",
    "posts": "reports",
    "发布": "公布",
    "同比": "较上年同期",
    "战胜": "击败",
    "发生": "突发",
    "致": "造成",
    "公告": "披露",
}
