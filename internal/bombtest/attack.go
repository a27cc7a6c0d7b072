package bombtest

// Attack is what a record may say to whoever reads it.
const Attack = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202egnp.exe\u202c\u200b" +
	"=cmd|'/c calc'!A1 <script>alert(1)</script> `id` |pipe| \"quote\"\r\n+injected\xff\xfe\x00 日本語"
