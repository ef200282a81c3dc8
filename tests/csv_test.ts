import { assertEquals, assertThrows } from "@std/assert";
import { csvLine, parseCsv } from "../src/csv.ts";

const cells = (text: string) => parseCsv(text).map((row) => row.cells);

Deno.test("parseCsv() reads plain and quoted cells with line ends LF, CRLF and CR", () => {
  const rows = [["number", "name"], ["+1", 'Ann "A", Ltd'], ["+2", ""]];
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = ["number,name", '+1,"Ann ""A"", Ltd"', "+2,"].join(end);
    for (const whole of [text, text + end, `\ufeff${text}${end}${end}`]) {
      assertEquals(cells(whole), rows, JSON.stringify(whole));
    }
  }
});

Deno.test("parseCsv() reports the line a row starts on after a cell with line breaks", () => {
  assertEquals(parseCsv('a,"1\r\n2\n3"\n\n \n,,\nb,"x"\n'), [
    { line: 1, cells: ["a", "1\n2\n3"] },
    { line: 7, cells: ["b", "x"] },
  ]);
});

Deno.test("parseCsv() skips empty rows", () => {
  for (const text of ["", "\n", "\ufeff", "\r\n\r\n", ",", '""']) assertEquals(parseCsv(text), []);
});

Deno.test("parseCsv() rejects misplaced and missing quotes with the line of the row", () => {
  for (const text of ['a\nb,"c\nd', 'a\n"b"c,d', 'a\n"b" ,d', 'a\n5" pipe,b', 'a\nb 5" pipe,"x"\nc']) {
    assertThrows(() => parseCsv(text), SyntaxError, "line 2: unterminated quoted cell, or text", text);
  }
});

Deno.test("csvLine() writes rows that parseCsv reads back", () => {
  const rows = [["plain", "with, comma", 'a "quote"'], ["", " spaces ", "é"], ["é", "+1", '"']];
  assertEquals(cells(rows.map(csvLine).join("")), rows);
  assertEquals(csvLine(["a", "b,c", 'd"']), 'a,"b,c","d"""\r\n');
});

Deno.test("csvLine() escapes control characters and formulas", () => {
  assertEquals(
    csvLine(["=1+1", "@a", "-1", "+A1", "+15551230000", "two\r\nlines"]),
    "'=1+1,'@a,'-1,'+A1,+15551230000,two\\u000d\\u000alines\r\n",
  );
});

Deno.test("parseCsv() reads a long list in linear time", () => {
  const text = "number,note\n" + '+15551230000,"said ""no"" twice, then left"\n'.repeat(50_000);
  assertEquals(parseCsv(text).length, 50_001);
});
