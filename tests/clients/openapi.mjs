// Validates an OpenAPI document against the official schema, and answers against the document, by lines of JSON:
//   {"do":"load","document":{…}}   {"do":"fits","schema":"/paths/~1message/get/…","value":…}
// It reports {"done":"load","version":…,"errors":[…]} and {"done":"fits","errors":[…]}.
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { serve } from "./lines.mjs";

let ajv;

const commands = {
  async load({ document }) {
    ajv = new Ajv.default({ strict: false, allErrors: true });
    addFormats.default(ajv);
    ajv.addSchema(document, "document");
    const validator = new Validator();
    const { errors = [] } = await validator.validate(structuredClone(document));
    return { version: validator.version, errors };
  },

  async fits({ schema, value }) {
    const validate = ajv.compile({ $ref: `document#${schema}` });
    return { errors: validate(value) ? [] : validate.errors };
  },
};

await serve(commands);
