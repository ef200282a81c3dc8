export { parse } from "npm:dotenv@17.4.2";
