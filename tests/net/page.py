#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""page.py FOLDER ACTION ...: a real Chromium, without a screen, as a body's user has it.
  look URL NAME LANGUAGE WIDTH HEIGHT   opens it, keeps NAME.png and NAME.txt (what can be read on it)
  ask URL LANGUAGE COMMENT              opens it, writes the comment, presses the button; prints the reference
  open URL                              prints what can be read on it
  table FILE WORD...                    what one browser, started with these options as well, shows of each row:
                                        "NAME|URL|WORDS|AFTER", where WORDS stand on the page or in the browser's error,
                                        and AFTER is a script whose answer has to be true; a row "run|COMMAND" is run.
                                        Prints "ok NAME" or "not ok NAME" with what was seen
Fails when the page asks for anything from elsewhere, or writes an error to the console."""
import re
import subprocess
import sys

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By


def browser(folder, language, width, height, more=()):
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                 "--disable-background-networking", "--no-first-run", "--disable-features=HttpsUpgrades,HttpsFirstBalancedMode",
                 f"--user-data-dir={folder}/chromium-{language}", f"--lang={language}", f"--window-size={width},{height}", *more):
        options.add_argument(word)
    options.add_experimental_option("prefs", {"intl.accept_languages": language})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options)
    driver.set_page_load_timeout(40)
    # the screen of a phone, not the smallest window that a desktop has
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
    return driver


def complaints(driver):
    """What the console says, but for the status of the page itself and the icon that there is not."""
    return [entry["message"] for entry in driver.get_log("browser")
            if "Failed to load resource" not in entry["message"]]


def text(driver):
    return driver.find_element(By.TAG_NAME, "body").text


def look(folder, url, name, language, width, height):
    driver = browser(folder, language, int(width), int(height))
    try:
        driver.get(url)
        driver.save_screenshot(f"{folder}/{name}.png")
        with open(f"{folder}/{name}.txt", "w", encoding="utf-8") as out:
            out.write(text(driver))
        wide = driver.execute_script("return document.documentElement.scrollWidth")
        assert wide <= int(width), f"it is {wide} wide on a screen of {width}"
        scripts = driver.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
        assert not scripts, f"it asks for {scripts}"
        assert not complaints(driver), complaints(driver)
    finally:
        driver.quit()


def ask(folder, url, language, comment):
    driver = browser(folder, language, 1280, 900)
    try:
        driver.get(url)
        driver.find_element(By.ID, "comment").send_keys(comment)
        driver.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        driver.implicitly_wait(20)
        driver.find_element(By.CSS_SELECTOR, "a[href*='/sekisho/request/']")
        found = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", text(driver))
        driver.save_screenshot(f"{folder}/asked.png")
        assert not complaints(driver), complaints(driver)
        print(found.group(0))
    finally:
        driver.quit()


def show(folder, url):
    driver = browser(folder, "en", 1280, 900)
    try:
        driver.get(url)
        print(text(driver))
    finally:
        driver.quit()


def seen(driver, url):
    try:
        driver.get(url)
    except WebDriverException as error:
        return error.msg
    return text(driver)


def table(folder, rows, *more):
    driver = browser(folder, "en", 1280, 900, more)
    driver.set_page_load_timeout(20)
    try:
        with open(rows, encoding="utf-8") as lines:
            for line in lines:
                name, *words = line.rstrip("\n").split("|", 3)
                if name == "run":
                    subprocess.run(words[0], shell=True, check=True, stdout=subprocess.DEVNULL)
                    continue
                what = seen(driver, words[0])
                good = words[1] in what and (len(words) < 3 or driver.execute_script("return " + words[2]))
                print("ok" if good else "not ok", name + ":", " ".join(what.split())[:120], flush=True)
    finally:
        driver.quit()


{"table": table, "look": look, "ask": ask, "open": show}[sys.argv[2]](sys.argv[1], *sys.argv[3:])
